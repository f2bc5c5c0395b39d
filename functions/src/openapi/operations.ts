import * as v from 'valibot';
import {
  addRequest,
  auditQuery,
  beginDeviceRequest,
  beginRequest,
  completeRequest,
  pollDeviceRequest,
  profileQuery,
  restCallRequest,
  restExchangeRequest,
} from '../triggers/requests.ts';
import * as answers from './answers.ts';

/** One operation of the REST API, as far as its route does not say it. */
export interface Operation {
  readonly summary: string;
  /** What the body holds. */
  readonly takes?: v.GenericSchema;
  /** What the parameters of the query hold. */
  readonly query?: v.StrictObjectSchema<v.ObjectEntries, undefined>;
  readonly gives: v.GenericSchema;
}

/** By the name of the callable that does the same. */
export const operations: Readonly<Record<string, Operation>> = {
  describe: {
    summary: 'This document.',
    gives: v.record(v.string(), v.unknown()),
  },
  'providers-list': {
    summary: 'The providers that can be connected.',
    gives: v.array(answers.provider),
  },
  'connections-list': {
    summary: "The user's connections.",
    gives: v.array(answers.connection),
  },
  'connections-begin': {
    summary: 'Begins to connect an account, or to connect it again: where to send the user.',
    takes: beginRequest,
    gives: answers.begun,
  },
  'connections-complete': {
    summary: 'Ends what was begun, with what the provider sent to the redirect URI.',
    takes: completeRequest,
    gives: answers.connected,
  },
  'connections-beginDevice': {
    summary: 'Begins to connect an account without a browser: a page, and a code to enter there.',
    takes: beginDeviceRequest,
    gives: answers.begunDevice,
  },
  'connections-pollDevice': {
    summary: 'Asks whether the code has been entered, and connects the account once it has.',
    takes: pollDeviceRequest,
    gives: answers.polledDevice,
  },
  'connections-add': {
    summary: 'Connects an account by credentials, which are tried first.',
    takes: addRequest,
    gives: answers.connected,
  },
  'connections-forget': {
    summary: 'Ends all connections and deletes all that is held of the user.',
    gives: answers.forgotten,
  },
  'connections-export': {
    summary: 'All that is held of the user, without tokens.',
    gives: answers.exported,
  },
  'audit-list': {
    summary: 'What happened to the connections of the user, newest first.',
    query: auditQuery,
    gives: answers.auditPage,
  },
  'connections-get': {
    summary: 'One connection.',
    gives: answers.connection,
  },
  'connections-disconnect': {
    summary: 'Revokes at the provider and deletes.',
    gives: answers.disconnected,
  },
  'connections-token': {
    summary: "The access token itself, where the provider's settings allow it.",
    gives: answers.releasedToken,
  },
  'connections-profile': {
    summary: 'Whose account it is, by the claims of OpenID Connect.',
    query: profileQuery,
    gives: answers.toldProfile,
  },
  'connections-exchange': {
    summary: "Exchanges the token for another (RFC 8693), as the provider's settings allow.",
    takes: restExchangeRequest,
    gives: answers.exchanged,
  },
  'connections-call': {
    summary: "Calls the provider's API as the user.",
    takes: restCallRequest,
    gives: answers.callResult,
  },
};
