/** Run by itself: walks through everything that oidc-provider likes to remark on. */
import { startProvider } from '../../provider/provider.ts';
import { RelyingParty } from './client.ts';

const provider = await startProvider({ port: 0 });
const party = new RelyingParty(provider);
const tokens = await party.connect();
const renewed = await party.refresh(tokens.refresh_token);
await party.introspect(renewed.access_token);
await party.userInfo(renewed.access_token, 'ada');
await party.revoke(renewed.refresh_token);
await fetch(`${provider.url}/auth?client_id=nobody`);
await fetch(`${provider.url}/nowhere`);
provider.addFault({ endpoint: 'token', drop: 'after' });
await party.refresh('made-up').catch(() => {});
await provider.stop();
console.log('done');
