import assert from 'node:assert/strict';
import { doc, getDoc } from 'firebase/firestore';
import type { Connection } from '../../client/src/types.ts';
import type { Stack } from '../launch/stack.ts';
import { authorize } from '../provider/browser.ts';
import { firestoreView } from './firestore-view.ts';
import { type Person, signIn } from './people.ts';
import { shortened } from './report.ts';
import { until } from './until.ts';

/** What the steps hand on to each other. */
export interface Notes extends Pick<Stack, 'sandbox' | 'standIns'> {
  readonly people: Person[];
  authorization?: { readonly url: string; readonly state: string };
  answer?: URLSearchParams;
  connection?: Connection;
}

interface Step {
  readonly title: string;
  /** Returns what it saw, a line each. */
  readonly run: (notes: Notes) => Promise<string[]>;
}

/** Lifetimes of the sandbox provider's access tokens, in seconds. */
const shortLife = 8;
const longLife = 60;

/** The main job, in order. Each step checks what it says. */
export const steps: readonly Step[] = [
  {
    title: 'sign in',
    async run(notes) {
      const ada = await signIn(notes.sandbox, 'ada');
      notes.people.push(ada);
      return [`${ada.email}, uid ${ada.uid}`];
    },
  },
  {
    title: 'connections-begin',
    async run(notes) {
      notes.standIns.provider.updateSettings({ accessTokenSeconds: shortLife });
      const { vault } = first(notes);
      const begun = await vault.connections.begin({ provider: 'sandbox' });
      notes.authorization = { url: begun.authorizationUrl, state: begun.state };
      const url = new URL(begun.authorizationUrl);
      // The provider was told the rest, PKCE's challenge among it, behind the browser's back (RFC 9126).
      const request = known(url.searchParams.get('request_uri') ?? undefined);
      assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
      const pushed = `pushed as ${shortened(request.replace(/^.*:/, ''))}`;
      return [`${url.origin}${url.pathname}, ${pushed}, state ${shortened(begun.state)}`];
    },
  },
  {
    title: "the provider's pages: sign in, consent",
    async run(notes) {
      const { url } = known(notes.authorization);
      notes.answer = await authorize({ authorizationUrl: url, account: 'ada', decision: 'allow' });
      const { code, iss } = Object.fromEntries(notes.answer);
      return [`code ${shortened(known(code))}, iss ${iss}`];
    },
  },
  {
    title: 'connections-complete',
    async run(notes) {
      const answer = known(notes.answer);
      const { code, iss } = Object.fromEntries(answer);
      notes.connection = await first(notes).vault.connections.complete({
        state: known(notes.authorization).state,
        code: known(code),
        ...(iss !== undefined && { iss }),
      });
      const { id, status, scopes } = notes.connection;
      assert.equal(status, 'active');
      return [`connection ${id}, ${status}, ${scopes.join(' ')}`];
    },
  },
  {
    title: 'the sealed document in Firestore',
    async run(notes) {
      const stored = known(await vaultDocument(notes));
      const header = String(stored['sealed']).split('.')[0] ?? '';
      return [
        `sealed ${shortened(String(stored['sealed']))}`,
        `header ${Buffer.from(header, 'base64url')}`,
        `generation ${stored['generation']}, refreshAt ${stored['refreshAt']}`,
      ];
    },
  },
  {
    title: 'connections-call GET /me',
    async run(notes) {
      return [await callMe(notes)];
    },
  },
  {
    title: 'the REST proxy GET /me',
    async run(notes) {
      const url = `${notes.sandbox.urls.api}/connections/${known(notes.connection).id}/proxy/me`;
      const headers = { authorization: `Bearer ${await first(notes).idToken()}` };
      const response = await fetch(url, { headers });
      assert.equal(response.status, 200);
      return [`${response.status} ${await response.text()}`];
    },
  },
  {
    title: 'the token expires, the next call refreshes',
    async run(notes) {
      const before = await generation(notes);
      const expiresAt = Date.parse(String((await vaultDocument(notes))?.['expiresAt']));
      await until('the access token expires', async () => Date.now() > expiresAt);
      notes.standIns.provider.updateSettings({ accessTokenSeconds: longLife });
      const seen = await callMe(notes);
      const after = await generation(notes);
      assert.ok(after > before, 'no refresh took place');
      return [seen, `generation ${before} → ${after}`];
    },
  },
  {
    title: 'rotateTokens refreshes ahead of expiry',
    async run(notes) {
      const before = await generation(notes);
      const expiresAt = Date.parse(String((await vaultDocument(notes))?.['expiresAt']));
      await fetch(`${notes.sandbox.urls.clock}/fire/rotateTokens`, { method: 'POST' });
      await until('the rotation', async () => (await generation(notes)) > before);
      const aheadSeconds = Math.round((expiresAt - Date.now()) / 1_000);
      assert.ok(aheadSeconds > 0, 'the token had expired');
      return [
        `generation ${before} → ${await generation(notes)}, ${aheadSeconds} s before expiry, no caller`,
      ];
    },
  },
  {
    title: 'a second user is refused',
    async run(notes) {
      const grace = await signIn(notes.sandbox, 'grace');
      notes.people.push(grace);
      const connectionId = known(notes.connection).id;
      const { connections } = grace.vault;
      const attempts = [
        connections.call({ connectionId, method: 'GET', path: '/me' }),
        connections.get({ connectionId }),
        connections.disconnect({ connectionId }),
        getDoc(doc(grace.db, statusPath(notes))),
        getDoc(doc(grace.db, `strongroomVault/${connectionId}`)),
      ];
      const codes = (await Promise.allSettled(attempts)).map((outcome) => {
        assert.equal(outcome.status, 'rejected', 'somebody else got in');
        return outcome.status === 'rejected' ? String(outcome.reason.code) : '';
      });
      return [`${grace.email}: ${codes.join(', ')}`];
    },
  },
  {
    title: 'connections-disconnect',
    async run(notes) {
      const { sandbox, standIns } = notes;
      const connectionId = known(notes.connection).id;
      const { revoked } = await first(notes).vault.connections.disconnect({ connectionId });
      assert.equal(revoked, true);
      const grants = standIns.provider.grants();
      assert.ok(
        grants.every(({ status }) => status === 'revoked'),
        'a grant is still alive',
      );
      const view = firestoreView(sandbox.urls.firestore, sandbox.projectId);
      const left = await Promise.all(
        ['strongroomVault', 'connections', 'strongroomAuthorizations'].map(view.paths),
      );
      assert.deepEqual(left.flat(), []);
      const said = grants.map(({ accountId, status }) => `${accountId} ${status}`).join(', ');
      return [`the provider says: ${said}`, 'Firestore: nothing left'];
    },
  },
];

async function callMe(notes: Notes): Promise<string> {
  const connectionId = known(notes.connection).id;
  const call = { connectionId, method: 'GET', path: '/me' } as const;
  const { status, data } = await first(notes).vault.connections.call(call);
  assert.equal(status, 200);
  return `${status} ${JSON.stringify(data)}`;
}

async function vaultDocument({ sandbox, connection }: Notes) {
  const view = firestoreView(sandbox.urls.firestore, sandbox.projectId);
  return view.document(`strongroomVault/${known(connection).id}`);
}

async function generation(notes: Notes): Promise<number> {
  return Number((await vaultDocument(notes))?.['generation']);
}

function statusPath(notes: Notes): string {
  return `strongroom/${first(notes).uid}/connections/${known(notes.connection).id}`;
}

function first({ people }: Notes): Person {
  return known(people[0]);
}

function known<T>(value: T | undefined): T {
  assert.ok(value !== undefined, 'an earlier step left nothing');
  return value;
}
