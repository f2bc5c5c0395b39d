/** What is deployed. */
export { api } from './triggers/api.ts';
export { connections, providers } from './triggers/callables.ts';
export { oauth } from './triggers/oauth.ts';
export { rotateTokens, sweep } from './triggers/schedules.ts';
export { refreshBatch } from './triggers/tasks.ts';

/**
 * The library of the 1st generation loads all of Firebase: only the instance that serves this
 * function, and the deployment, which asks for all of them, wait for it.
 */
const target = process.env['FUNCTION_TARGET'];
export const forgetUser =
  target === undefined || target === 'forgetUser'
    ? (await import('./triggers/forget-user.ts')).forgetUser
    : undefined;
