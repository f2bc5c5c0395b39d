/** What is deployed. */
export { api } from './triggers/api.ts';
export { connections, providers } from './triggers/callables.ts';
export { forgetUser } from './triggers/forget-user.ts';
export { oauth } from './triggers/oauth.ts';
export { rotateTokens, sweep } from './triggers/schedules.ts';
export { refreshBatch } from './triggers/tasks.ts';
