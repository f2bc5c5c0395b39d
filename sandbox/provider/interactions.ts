import Provider, { errors, type InteractionResults } from 'oidc-provider';
import { readBody } from '../http/body.ts';
import { maximumNameLength } from './accounts.ts';
import type { Context, Middleware } from './middleware.ts';
import { consentPage, errorPage, loginPage } from './pages.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

const cancelled: InteractionResults = {
  error: 'access_denied',
  error_description: 'The user said no.',
};

/** Serves the pages that a person meets during an authorization, at `/interaction/<uid>`. */
export function interactions(provider: Provider): Middleware {
  return async (ctx, next) => {
    const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1];
    if (uid === undefined) return next();
    ctx.set('cache-control', 'no-store');
    ctx.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    ctx.set('referrer-policy', 'no-referrer');
    try {
      const interaction = await provider.interactionDetails(ctx.req, ctx.res);
      if (interaction.uid !== uid) throw new errors.SessionNotFound('another authorization');
      if (ctx.method === 'POST') await decide(provider, ctx, interaction);
      else await show(provider, ctx, interaction);
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      render(ctx, errorPage(error.error, 'This authorization is over. Start again.'), 400);
    }
  };
}

async function show(
  provider: Provider,
  ctx: Context,
  interaction: Interaction,
  problem?: string,
): Promise<void> {
  const { params, prompt, session } = interaction;
  const client = await provider.Client.find(String(params['client_id']));
  const clientName = client?.clientName ?? String(params['client_id']);
  if (prompt.name === 'login') {
    const page = loginPage(ctx.path, clientName, String(params['login_hint'] ?? ''), problem);
    render(ctx, page, problem === undefined ? 200 : 400);
  } else {
    const scopes = String(params['scope'] ?? '').split(' ');
    render(ctx, consentPage(ctx.path, clientName, session?.accountId ?? '', scopes), 200);
  }
}

async function decide(provider: Provider, ctx: Context, interaction: Interaction): Promise<void> {
  const form = new URLSearchParams((await readBody(ctx.req)).toString('utf8'));
  const decision = form.get('decision');
  const finish = async (result: InteractionResults) => {
    const options = { mergeWithLastSubmission: !('error' in result) };
    redirect(ctx, await provider.interactionResult(ctx.req, ctx.res, result, options));
  };

  if (decision === 'cancel') return finish(cancelled);
  if (decision === 'switch-account') {
    await (await provider.Session.get(ctx)).destroy();
    return redirect(ctx, startAgain(provider, interaction));
  }
  if (interaction.prompt.name === 'login') {
    const accountId = (form.get('account') ?? '').trim();
    if (accountId === '' || accountId.length > maximumNameLength) {
      return show(provider, ctx, interaction, 'Give an account name.');
    }
    return finish({ login: { accountId } });
  }
  return finish({ consent: { grantId: await grantConsent(provider, interaction) } });
}

/** Every consent is a grant of its own, so that revoking one leaves the others alone. */
async function grantConsent(provider: Provider, interaction: Interaction): Promise<string> {
  const { params, session } = interaction;
  const grant = new provider.Grant({
    accountId: session?.accountId,
    clientId: String(params['client_id']),
  });
  const scope = String(params['scope'] ?? '');
  grant.addOIDCScope(scope);
  const { resource } = params;
  if (typeof resource === 'string') grant.addResourceScope(resource, scope);
  return grant.save();
}

/** The same authorization request, asking for the login page. */
function startAgain(provider: Provider, { params }: Interaction): string {
  const url = new URL(provider.urlFor('authorization'));
  for (const [name, value] of Object.entries(params)) {
    if (typeof value === 'string' && name !== 'login_hint') url.searchParams.set(name, value);
  }
  url.searchParams.set('prompt', 'login consent');
  return url.href;
}

function redirect(ctx: Context, location: string): void {
  ctx.status = 303;
  ctx.redirect(location);
}

function render(ctx: Context, page: string, status: number): void {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = page;
}
