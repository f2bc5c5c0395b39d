/** What is deployed. */
export { api } from './triggers/api.ts';
export { audit, connections, providers } from './triggers/callables.ts';
export { deliverEvents } from './triggers/deliver-events.ts';
export { forgetUser } from './triggers/forget-user.ts';
export { oauth } from './triggers/oauth.ts';
export { revokeGrant } from './triggers/revoke-grant.ts';
export { rotateKeys, rotateTokens, sweep } from './triggers/schedules.ts';
export { keepSignIn, seedFromSignIn } from './triggers/seed-from-sign-in.ts';
export { commitRefresh, refreshBatch, resealBatch } from './triggers/tasks.ts';
