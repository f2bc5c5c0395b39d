import type { Configuration } from 'oidc-provider';
import { escapeHtml, page } from './pages.ts';

/** The form that oidc-provider gives, with buttons in it that a person can press. */
function withButtons(form: string, buttons: string): string {
  return form.replace('</form>', `<div class="actions">${buttons}</div></form>`);
}

/** The device authorization grant (RFC 8628): codes of its own, at `/device`. */
export const deviceFlow = {
  enabled: true,
  userCodeInputSource: (ctx, form, _out, error) => {
    const problem = error === undefined ? '' : '<p role="alert">This code is not known.</p>';
    const button = '<button class="primary" type="submit">Continue</button>';
    ctx.body = page('Connect a device', `${problem}${withButtons(form, button)}`);
  },
  userCodeConfirmSource: (ctx, form, client, _info, userCode) => {
    const buttons = `<button class="primary" type="submit">Continue</button>
<button type="submit" name="abort" value="yes">Cancel</button>`;
    ctx.body = page(
      'Connect a device',
      `<p><strong>${escapeHtml(client.clientName ?? client.clientId)}</strong> shows this code:</p>
<p><code>${escapeHtml(userCode)}</code></p>${withButtons(form, buttons)}`,
    );
  },
  successSource: (ctx) => {
    ctx.body = page('Done', '<p>Go back to the device.</p>');
  },
} satisfies NonNullable<Configuration['features']>['deviceFlow'];
