import * as v from 'valibot';
import { StrongroomError } from '../errors.ts';
import { log } from '../logs.ts';
import type { Clock } from '../platform/clock.ts';
import { isObject } from '../platform/member.ts';
import type { SecretReader } from '../platform/secret-manager.ts';
import { expand } from './expand.ts';
import { type ReadEntry, readEntry } from './read-entry.ts';
import { redirectUriOf } from './redirect-uri.ts';
import { type Provider, type Settings, settingsSchema } from './settings-schema.ts';
import { wrongSignInOf } from './sign-in-schema.ts';
import { isAllowedUrl, isDeepLink, wrongUrlOf } from './urls.ts';
import { whyOf } from './wrong.ts';
import { wrongCredentialsOf } from './wrong-credentials.ts';
import { wrongGrantOf } from './wrong-grant.ts';
import { wrongRevocationOf } from './wrong-revocation.ts';
import { wrongBindingOf, wrongTemplateOf } from './wrong-template.ts';
import { wrongVariablesOf } from './wrong-variables.ts';

/** How long a read of the settings is believed. */
const settingsTtlMs = 5 * 60_000;
/** How soon an unknown provider may cause another read. */
const rereadPauseMs = 10_000;

/** The team's settings, read at run time so that a change needs no redeploy. */
export interface SettingsReader {
  /** @throws StrongroomError `settings_invalid` naming the field; `unavailable`. */
  read(): Promise<Settings>;
  /** @throws StrongroomError `provider_unknown`, and as `read`. */
  provider(id: string): Promise<Provider>;
}

interface SettingsOptions {
  readonly secrets: SecretReader;
  readonly secretId: string;
  readonly clock: Clock;
  /** Plain http to this machine is for the sandbox only. */
  readonly allowLoopbackHttp: boolean;
}

/** Reads the settings. See `SettingsReader`. */
export function createSettingsReader(options: SettingsOptions): SettingsReader {
  const { secrets, secretId, clock, allowLoopbackHttp } = options;
  let kept: { settings: Settings; readAt: number } | undefined;
  let reading: Promise<Settings> | undefined;

  const load = async (): Promise<Settings> => {
    try {
      const { payload } = await secrets.access(secretId, 'latest');
      const settings = parseSettings(payload, allowLoopbackHttp);
      kept = { settings, readAt: clock.ticks() };
      return settings;
    } catch (error) {
      // A document that was good stays in force while its successor is not.
      if (kept === undefined) throw error;
      log.settingsKept(error);
      kept = { settings: kept.settings, readAt: clock.ticks() };
      return kept.settings;
    }
  };
  const read = (maxAgeMs = settingsTtlMs): Promise<Settings> => {
    if (kept !== undefined && clock.ticks() - kept.readAt < maxAgeMs) {
      return Promise.resolve(kept.settings);
    }
    reading ??= load().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    read: () => read(),
    async provider(id) {
      const found = providerOf(await read(), id) ?? providerOf(await read(rereadPauseMs), id);
      if (found === undefined) {
        throw new StrongroomError(
          'provider_unknown',
          'There is no such provider. providers-list names those that are enabled.',
          { field: 'provider' },
        );
      }
      return found;
    },
  };
}

function providerOf(settings: Settings, id: string): Provider | undefined {
  const provider = Object.hasOwn(settings.providers, id) ? settings.providers[id] : undefined;
  if (provider === undefined) return undefined;
  const named = { ...provider, id };
  return { ...named, redirectUri: redirectUriOf(settings.app, named) };
}

/** Parses the document; the error names the field and never shows its value. */
export function parseSettings(
  payload: Uint8Array,
  allowLoopbackHttp: boolean,
  entryOf: ReadEntry = readEntry,
): Settings {
  const result = v.safeParse(settingsSchema, withEntries(parseJson(payload), entryOf));
  if (!result.success) {
    const issue = result.issues[0];
    throw invalid(v.getDotPath(issue) ?? '(document)', whyOf(issue));
  }
  const wrongUrl = wrongUrlOf(result.output, allowLoopbackHttp);
  if (wrongUrl !== undefined) throw invalid(wrongUrl, 'must be https');
  for (const [id, provider] of Object.entries(result.output.providers)) {
    const wrong =
      wrongTemplateOf(provider) ??
      wrongBindingOf(provider) ??
      wrongCredentialsOf(provider) ??
      wrongRevocationOf(provider) ??
      wrongVariablesOf(provider, result.output.providers) ??
      wrongGrantOf(provider, result.output.providers) ??
      wrongSignInOf(id, result.output.providers);
    if (wrong !== undefined) throw invalid(`providers.${id}.${wrong.field}`, wrong.why);
  }
  for (const [index, url] of result.output.app.returnTo.entries()) {
    const page = url.replace(/#.*/, '');
    if (isDeepLink(url) || isAllowedUrl(page, allowLoopbackHttp)) continue;
    throw invalid(`app.returnTo.${index}`, 'must be https, or com.example.app: (RFC 8252 §7.1)');
  }
  return result.output;
}

/** The document with what the catalogue, or the kind, says of each provider beside the team. */
function withEntries(document: unknown, entryOf: ReadEntry): unknown {
  if (!isObject(document) || !isObject(document['providers'])) return document;
  const providers = Object.entries(document['providers']).map(([id, written]) => {
    const expanded = expand(written, entryOf);
    if ('wrong' in expanded) {
      throw invalid(`providers.${id}.${expanded.wrong.field}`, expanded.wrong.why);
    }
    return [id, completed(id, expanded.entry)] as const;
  });
  return { ...document, providers: Object.fromEntries(providers) };
}

/** What an entry need not say: its name, and where the API of an OpenID provider is. */
function completed(id: string, entry: unknown): unknown {
  if (!isObject(entry)) return entry;
  return { name: id, ...(entry['kind'] === 'oidc' && { apiBaseUrl: entry['issuer'] }), ...entry };
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    throw invalid('(document)', 'is not JSON');
  }
}

function invalid(field: string, why: string): StrongroomError {
  return new StrongroomError(
    'settings_invalid',
    `The providers' settings are not valid at ${field}: ${why}. Correct them and add a version.`,
    { field },
  );
}
