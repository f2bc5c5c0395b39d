/** What is deployed. */
export { dashboard } from './dashboard.ts';
export { keycloakUser } from './keycloak-user.ts';
export { salesforceInvoices } from './salesforce-invoices.ts';
export { spotifyProfile } from './spotify-profile.ts';
