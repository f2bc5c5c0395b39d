import * as v from 'valibot';
import { exchangeSchema } from './exchange-schema.ts';

/** Ways to tokens besides the browser's; each is off until it is named. */
export const grantEntries = {
  /** Lets devices be authorized by a code (RFC 8628); see docs/connect/device.md. */
  deviceAuthorization: v.optional(v.boolean(), false),
  /** What tokens may be exchanged for (RFC 8693); see docs/connect/exchange.md. */
  tokenExchange: v.exactOptional(exchangeSchema),
};
