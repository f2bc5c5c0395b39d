import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isRecord } from '../../../sandbox/http/body.ts';
import { CommandError } from '../../command.ts';
import type { Facts } from './facts.ts';
import { grantDetails } from './grant-details.ts';

/** What was looked through: of another version somebody has to look again. */
const version = '5.4.24';
const readAt = '2026-11-22';

const find = createRequire(import.meta.url).resolve;

/**
 * The OAuth 2.0 providers of the npm package `grant`, as far as they are known to be there still.
 *
 * @throws CommandError where another version of it is installed.
 */
export function readGrant(): Facts[] {
  const { version: installed } = documentAt('grant/package.json');
  if (installed !== version) {
    throw new CommandError(
      `grant ${String(installed)} is installed, and ${version} was read: see what changed, and ` +
        'write version and date into operate/catalogue/import/grant.ts.',
    );
  }
  const profiles = documentAt('grant/config/profile.json');
  const source = {
    name: `grant ${version} (MIT)`,
    url: `https://www.npmjs.com/package/grant/v/${version}`,
    readAt,
  };
  return Object.entries(documentAt('grant/config/oauth.json')).flatMap(([key, value]) => {
    const details = grantDetails[key];
    if (details === undefined || !isRecord(value) || value['oauth'] !== 2) return [];
    const { id = key, name, provider = {} } = details;
    const profile = profiles[key];
    const profileUrl = isRecord(profile) ? template(profile['profile_url']) : undefined;
    return [
      {
        id,
        name,
        source,
        unsourced: Object.keys(provider),
        ...(details.variables && { variables: details.variables }),
        ...(details.variables === undefined && { subdomain: 'subdomain' }),
        ...(profileUrl && { profileUrl }),
        provider: {
          authorizationEndpoint: template(value['authorize_url']),
          tokenEndpoint: template(value['access_url']),
          // Its own default.
          scopeSeparator: value['scope_delimiter'] === undefined ? ',' : ' ',
          clientAuthentication: 'client_secret_post',
          ...provider,
        },
      },
    ];
  });
}

function template(url: unknown): string | undefined {
  if (typeof url !== 'string' || url === '') return undefined;
  return url.replace('[subdomain]', '{subdomain}');
}

function documentAt(path: string): Readonly<Record<string, unknown>> {
  const document: unknown = JSON.parse(readFileSync(find(path), 'utf8'));
  if (!isRecord(document)) throw new CommandError(`${path} is not what it was.`);
  return document;
}
