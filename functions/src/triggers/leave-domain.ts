/**
 * Takes a request out of the domain (`node:domain`) in which the Functions Framework runs it. There
 * each promise is tagged, so that a call through the proxy takes nearly twice the processor's time,
 * and a connection that is kept for others belongs to the request that opened it. What fails is
 * caught by ourselves.
 */
export function leaveDomain(): void {
  // Not by importing it: that would slow down hosts that have none.
  const domain: unknown = Reflect.get(process, 'domain');
  const isDomain = typeof domain === 'object' && domain !== null && 'exit' in domain;
  if (isDomain && typeof domain.exit === 'function') domain.exit();
}
