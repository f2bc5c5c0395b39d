import { Browser } from '../../../sandbox/provider/browser.ts';
import type { BegunDevice } from '../../src/connections/authorize/begin-device.ts';
import type { Suite } from '../../src/suite.ts';
import { changeProvider } from './change-provider.ts';
import type { World } from './world.ts';

/** A suite for which a provider's settings differ by that much from the standard ones. */
export function suiteWith(world: World, change: object, provider = 'sandbox'): Suite {
  world.publish(changeProvider(provider, change));
  return world.newSuite();
}

/** Enters a device's code at the provider and decides, as a person would. */
export function decide(
  { userCode, verificationUri }: Pick<BegunDevice, 'userCode' | 'verificationUri'>,
  account: string,
  decision: 'allow' | 'deny' = 'allow',
): Promise<void> {
  return new Browser().decideDevice({ userCode, verificationUri, account, decision });
}

/** How often the provider was asked with a device code. */
export function pollsAt({ provider }: World): number {
  const { byGrantType } = provider.counters().tokenRequests;
  return byGrantType['urn:ietf:params:oauth:grant-type:device_code'] ?? 0;
}
