import { createHash } from 'node:crypto';
import type { ErrorCode } from '../errors.ts';
import type { ServiceCaller } from '../identity/caller.ts';
import type { ServiceScope } from '../identity/service-settings.ts';
import type { Service } from '../identity/services.ts';
import type { SettingsReader } from '../providers/settings.ts';
import type { Audit } from './audit.ts';
import { auditDefaults, isKept } from './level.ts';
import { levelOf } from './record.ts';

/** What a service asks for; a token that leaves the vault has a record of its own. */
const typeOf = {
  'connections.read': 'service_read',
  'connections.write': 'service_acted',
  'calls.write': 'service_called',
  'tokens.read': undefined,
} as const satisfies Record<ServiceScope, string | undefined>;

interface Dependencies {
  readonly audit: Pick<Audit, 'write' | 'note'>;
  readonly settings: Pick<SettingsReader, 'read'>;
}

/** Records what services ask for, as far as the settings want it. */
export function createServiceAudit({ audit, settings }: Dependencies) {
  return {
    /** Before anything is done: 1 write. @throws StrongroomError `unavailable` */
    async asked(
      { uid, service: { client, issuer } }: ServiceCaller,
      scope: ServiceScope,
      what: { readonly method: string; readonly connectionId: string | null },
    ): Promise<void> {
      const type = typeOf[scope];
      const { records: wanted } = (await settings.read()).audit ?? auditDefaults;
      if (type === undefined || !isKept(levelOf[type], wanted)) return;
      await audit.write({ type, actor: 'service', uid, service: client, issuer, ...what });
    },

    /** As far as possible; see `Audit.note`. */
    async refused({ client, issuer }: Service, code: ErrorCode): Promise<void> {
      const name = createHash('sha256').update(JSON.stringify([issuer, client, code]));
      await audit.note(
        { type: 'service_refused', actor: 'service', uid: null, service: client, issuer, code },
        `service_refused_${name.digest('base64url')}`,
      );
    },
  };
}
