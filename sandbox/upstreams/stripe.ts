import {
  type Answer,
  type Call,
  createUpstream,
  formOf,
  partsOf,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';

const firstCustomers = 23;

/** Has the shape of Stripe's API: https://docs.stripe.com/api */
export function startStripe(options?: UpstreamOptions): Promise<Upstream> {
  const customers = Array.from({ length: firstCustomers }, (_, i) => customerOf(i + 1));
  /** What a request with an idempotency key was answered. */
  const answered = new Map<string, Answer>();
  const once = (call: Call, work: () => Answer): Answer => {
    const key = call.headers['idempotency-key'];
    if (typeof key !== 'string') return work();
    const before = answered.get(key);
    if (before !== undefined) {
      return { ...before, headers: { ...before.headers, 'idempotent-replayed': 'true' } };
    }
    const made = work();
    const answer = { ...made, headers: { ...made.headers, 'idempotency-key': key } };
    answered.set(key, answer);
    return answer;
  };
  return createUpstream(
    {
      error,
      routes: {
        'GET /v1/account': () => ok({ id: 'acct_1', object: 'account', email: 'ada@example.com' }),
        'GET /v1/customers': (call) => pageOf(call, customers),
        'GET /v1/customers/{id}': ({ params }) => {
          const customer = customers.find(({ id }) => id === params['id']);
          return customer === undefined ? missing(params['id'] ?? '') : ok(customer);
        },
        'POST /v1/customers': (call) =>
          once(call, () => {
            const form = formOf(call);
            const made = {
              ...customerOf(customers.length + 1, form.get('email') ?? undefined),
              metadata: metadataOf(form),
            };
            customers.unshift(made);
            return ok(made);
          }),
        'POST /v1/files': (call) => {
          const parts = partsOf(call);
          const part = (name: string) =>
            parts.find(({ headers }) => headers['content-disposition']?.includes(`name="${name}"`));
          const file = part('file');
          if (file === undefined) return error(400);
          const purpose = part('purpose')?.body.toString('utf8');
          return ok({ id: 'file_1', object: 'file', purpose, size: file.body.length });
        },
      },
    },
    options,
  );
}

const common = { 'request-id': 'req_1', 'stripe-version': '2026-01-01' };

function ok(body: unknown): Answer {
  return { headers: common, body };
}

function customerOf(number: number, email = `customer${number}@example.com`) {
  return { id: `cus_${number}`, object: 'customer', email, metadata: {} };
}

/** `metadata[key]=value`, as forms nest. */
function metadataOf(form: URLSearchParams): Record<string, string> {
  const entries = [...form].flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** What follows the object that `starting_after` names. */
function pageOf({ query, path }: Call, all: readonly { readonly id: string }[]): Answer {
  const limit = Math.min(Number(query.get('limit') ?? 10), 100);
  const after = query.get('starting_after');
  const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const data = all.slice(from, from + limit);
  return ok({ object: 'list', url: path, has_more: from + limit < all.length, data });
}

const types: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ['invalid_request_error', 'Invalid request.'],
  401: ['invalid_request_error', 'Invalid API Key provided.'],
  404: ['invalid_request_error', 'Unrecognized request URL.'],
  429: ['invalid_request_error', 'Request rate limit exceeded.'],
};

function error(status: number): Answer {
  const [type, message] = types[status] ?? ['api_error', 'An error occurred.'];
  return { status, headers: common, body: { error: { type, message } } };
}

function missing(id: string): Answer {
  const told = { type: 'invalid_request_error', code: 'resource_missing', param: 'id' };
  return {
    ...error(404),
    body: { error: { ...told, message: `No such customer: '${id}'` } },
  };
}
