import { onRequest } from 'firebase-functions/https';

/** Parts: create, read, update, delete and list, for whoever has an access token of the issuer. */
export const parts = onRequest(
  { region: 'us-central1', maxInstances: 10 },
  async (request, response) => {
    // Loaded by the first request: whoever only asks which functions there are does not wait for it.
    const { answer } = await import('./answer.ts');
    await answer(request, response);
  },
);
