import assert from 'node:assert/strict';
import Stripe from 'stripe';
import type { ProxyAccess } from '../../../../client/src/proxy-fetch.ts';
import { stripeOf } from '../../../../examples/sdks/stripe.ts';
import { connectTo } from './connected.ts';

describe('the Stripe client through the proxy', function () {
  this.timeout(30_000);
  const connected = connectTo('stripe');
  let stripe: Stripe;
  beforeEach(() => {
    stripe = stripeOf(connected);
  });

  it('reads with the token of the connection', async () => {
    const { id, lastResponse } = await stripe.customers.retrieve('cus_1');
    assert.deepEqual([id, lastResponse.requestId], ['cus_1', 'req_1']);
    const [request] = connected.requests();
    assert.equal(request?.headers.authorization, `Bearer ${await connected.accessToken()}`);
    assert.equal(request?.headers['stripe-version'], Stripe.API_VERSION);
    assert.match(request?.headers['user-agent'] ?? '', /^Stripe\/v1 NodeBindings\//);
  });

  it('pages by starting_after to the end', async () => {
    const customers = await stripe.customers
      .list({ limit: 10 })
      .autoPagingToArray({ limit: 1_000 });
    assert.ok(customers.length >= 23);
    assert.equal(new Set(customers.map(({ id }) => id)).size, customers.length);
    assert.equal(connected.requests().length, Math.ceil(customers.length / 10));
  });

  it('writes forms, on behalf of an account', async () => {
    const made = await stripe.customers.create(
      { email: 'ü@example.com', metadata: { 'a&b': 'c=d' } },
      { stripeAccount: 'acct_2' },
    );
    assert.deepEqual([made.email, made.metadata], ['ü@example.com', { 'a&b': 'c=d' }]);
    const [request] = connected.requests();
    assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.equal(request?.headers['stripe-account'], 'acct_2');
  });

  it('writes once, however often it asks with one idempotency key', async () => {
    const once = () => stripe.customers.create({}, { idempotencyKey: 'order-1' });
    const [first, second] = [await once(), await once()];
    assert.equal(first.id, second.id);
    assert.equal(connected.requests()[1]?.headers['idempotency-key'], 'order-1');
  });

  it('repeats a write that failed by the key that it made up', async () => {
    connected.upstream.addFault({ status: 500 });
    await stripe.customers.create({});
    const keys = connected.requests().map(({ headers }) => headers['idempotency-key']);
    assert.equal(keys.length, 2);
    assert.match(String(keys[0]), /^stripe-node-retry-/);
    assert.equal(keys[0], keys[1]);
  });

  for (const header of ['stripe-account', 'stripe-context'])
    it(`sends what Stripe asks for, with ${header}`, async () => {
      const whose =
        header === 'stripe-account' ? { stripeAccount: 'acct_2' } : { stripeContext: 'ctx_1' };
      const work = (access: ProxyAccess) => stripeOf(access).customers.create({}, whose);
      assert.deepEqual(await connected.headersOf(work), {
        sent: [
          'accept',
          'accept-language',
          'content-type',
          'idempotency-key',
          header,
          'stripe-version',
          'user-agent',
        ],
        lost: ['sec-fetch-mode', 'x-stripe-client-user-agent'],
      });
    });

  it("has Stripe's errors as its own", async () => {
    await assert.rejects(stripe.customers.retrieve('none'), (error) => {
      assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError);
      const { statusCode, code, param, requestId } = error;
      assert.deepEqual(
        [statusCode, code, param, requestId],
        [404, 'resource_missing', 'id', 'req_1'],
      );
      return true;
    });
    connected.upstream.addFault({ status: 429 });
    await assert.rejects(stripe.customers.retrieve('cus_1'), {
      type: 'StripeRateLimitError',
      statusCode: 429,
    });
  });

  it('notices nothing of an access token that expires', async () => {
    await stripe.customers.retrieve('cus_1');
    connected.provider.expireAccessTokens();
    assert.ok(await stripe.customers.create({}));
    assert.equal(connected.provider.counters().tokenRequests.total, 1);
  });
});
