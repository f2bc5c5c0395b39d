import assert from 'node:assert/strict';
import { formPostCallback } from '../../../src/providers/quirks/form-post-callback.ts';

describe('form-post-callback', () => {
  it('asks for the answer as a form, and for all else as before', () => {
    const context = { clientId: 'client', redirectUri: undefined, now: () => 0 };
    assert.deepEqual(
      formPostCallback.authorize?.({ state: 's', response_mode: 'query' }, context),
      {
        state: 's',
        response_mode: 'form_post',
      },
    );
  });
});
