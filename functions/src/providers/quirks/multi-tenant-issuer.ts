import type { Quirk } from './quirk.ts';

const placeholder = '{tenantid}';
/** RFC 9562 §4. */
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** OpenID Connect Discovery 1.0 §4.3 has the issuer be what was asked, and Core 1.0 §2 `iss` be it. */
export const multiTenantIssuer: Quirk = {
  summary:
    "Discovery tells an issuer with {tenantid} in it, or a tenant's own; which tenant an ID token is of " +
    'is told by its claim tid.',
  issuer: {
    isDiscovered: (told, asked) => {
      const [tellings, askings] = [told.split('/'), asked.split('/')];
      const others = tellings.flatMap((part, at) => (part === askings[at] ? [] : [{ part, at }]));
      const [other, ...more] = others;
      if (other === undefined) return told === asked;
      const asking = askings[other.at] ?? '';
      // Who asks for one tenant, by its id or by its domain, is told of no other.
      const isTenant =
        other.part === placeholder
          ? !/[.]/.test(asking) && !uuid.test(asking)
          : uuid.test(other.part) && !uuid.test(asking);
      // The host stays, and everything else.
      return tellings.length === askings.length && more.length === 0 && other.at > 2 && isTenant;
    },
    isNamed: (iss, told) => {
      const [before = '', after] = told.split(placeholder);
      if (after === undefined) return iss === told;
      const tenant = iss.slice(before.length, iss.length - after.length);
      return uuid.test(tenant) && iss === `${before}${tenant}${after}`;
    },
    ofToken: ({ tid }, told) => {
      if (!told.includes(placeholder)) return told;
      return typeof tid === 'string' && uuid.test(tid) ? told.replace(placeholder, tid) : undefined;
    },
  },
};
