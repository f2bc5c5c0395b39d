/**
 * How much is recorded. What rides on an operation that happens often costs a write each time, so
 * that is for the team to choose; what happens seldom is always recorded.
 */
export const auditLevels = ['essential', 'connections', 'everything'] as const;
export type AuditLevel = (typeof auditLevels)[number];

/** What holds where the settings say nothing. */
export const auditDefaults = { records: 'essential', keepDays: 400 } as const;

/** Whether a record of that level is kept where the settings ask for `wanted`. */
export function isKept(level: AuditLevel, wanted: AuditLevel): boolean {
  return auditLevels.indexOf(level) <= auditLevels.indexOf(wanted);
}
