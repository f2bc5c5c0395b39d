import { randomBytes } from 'node:crypto';
import type {
  ConnectionFact,
  ConnectionSubject,
  ProviderFact,
  ProviderSubject,
} from '../events/event.ts';
import { dayMs } from '../platform/durations.ts';
import type { Settings } from '../providers/settings-schema.ts';
import { auditDefaults, isKept } from './level.ts';
import { type AuditFact, levelOf, type NewRecord } from './record.ts';

/** The record of a fact, with its times. */
export function recordOf(
  fact: AuditFact,
  settings: Settings['audit'],
  now: number,
  id = randomBytes(16).toString('base64url'),
): NewRecord {
  const { keepDays } = settings ?? auditDefaults;
  return { id, record: { ...fact, occurredAt: now, deleteAt: now + keepDays * dayMs } };
}

/** The records of facts, as far as the settings ask for them. */
export function recordsOf(
  facts: readonly (AuditFact | undefined)[],
  settings: Settings['audit'],
  now: number,
): NewRecord[] {
  const { records: wanted } = settings ?? auditDefaults;
  return facts.flatMap((fact) =>
    fact !== undefined && isKept(levelOf[fact.type], wanted) ? [recordOf(fact, settings, now)] : [],
  );
}

/** What the audit says of a connection's fact; undefined: nothing. */
export function factOfConnection(
  { connectionId, uid, provider }: ConnectionSubject,
  fact: ConnectionFact,
): AuditFact | undefined {
  const whose = { uid, connectionId, provider } as const;
  switch (fact.type) {
    case 'connected':
      return { ...whose, type: 'connected', actor: 'user', renewed: fact.renewed };
    case 'refreshed':
      return { ...whose, type: 'refreshed', actor: 'suite', generation: fact.generation };
    case 'needs_reauth':
      return { ...whose, type: 'needs_reauth', actor: 'suite', reason: fact.reason };
    case 'recovered':
      return { ...whose, type: 'recovered', actor: 'suite' };
    case 'paused':
      return { ...whose, type: 'paused', actor: 'suite', cause: fact.cause };
    case 'resumed':
      return { ...whose, type: 'resumed', actor: 'suite' };
    case 'disconnected':
      return { ...whose, type: 'disconnected', actor: 'user', cause: fact.cause };
    case 'expires_soon':
      return undefined;
  }
}

/** What the audit says of a provider's fact. */
export function factOfProvider({ provider }: ProviderSubject, fact: ProviderFact): AuditFact {
  const about = { uid: null, provider, actor: 'suite' } as const;
  return fact.type === 'provider_down'
    ? { ...about, type: 'provider_down', reason: fact.reason }
    : { ...about, type: 'provider_recovered' };
}
