import {
  type Answer,
  createUpstream,
  jsonOf,
  partsOf,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';

const firstAccounts = 23;
const firstInvoices = 12;
const batchSize = 10;

/**
 * Has the shape of Salesforce's REST API at an org's own address (`instance_url`):
 * https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest
 */
export function startSalesforce(options?: UpstreamOptions): Promise<Upstream> {
  const accounts = Array.from({ length: firstAccounts }, (_, i) =>
    accountOf(`001${i + 1}`, `Account ${i + 1}`),
  );
  const contents = new Map<string, Buffer>();
  const tables: Readonly<Record<string, readonly unknown[]>> = {
    Account: accounts,
    Invoice: Array.from({ length: firstInvoices }, (_, i) => invoiceOf(i + 1)),
  };
  const batch = (version: string, name: string, from: number): Answer => {
    const rows = tables[name];
    if (rows === undefined) return refused(400, 'INVALID_TYPE', `sObject type '${name}'`);
    const next = from + batchSize;
    const done = next >= rows.length;
    const nextRecordsUrl = `/services/data/${version}/query/01g${name}-${next}`;
    return ok({
      totalSize: rows.length,
      done,
      records: rows.slice(from, next),
      ...(!done && { nextRecordsUrl }),
    });
  };
  return createUpstream(
    {
      error,
      routes: {
        'GET /services/data/{version}/query': ({ params, query }) => {
          const name = /^select .+ from (\w+)/i.exec(query.get('q') ?? '')?.[1];
          return name === undefined
            ? refused(400, 'MALFORMED_QUERY', 'unexpected token')
            : batch(params['version'] ?? '', name, 0);
        },
        'GET /services/data/{version}/query/01g{name}-{from}': ({ params }) =>
          batch(params['version'] ?? '', params['name'] ?? '', Number(params['from'])),
        'GET /services/data/{version}/sobjects/Account/{id}': ({ params }) => {
          const account = accounts.find(({ Id }) => Id === params['id']);
          return account === undefined ? error(404) : ok(account);
        },
        'POST /services/data/{version}/sobjects/Account': (call) => {
          const { Name } = jsonOf(call);
          if (typeof Name !== 'string') {
            return refused(400, 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [Name]');
          }
          const account = accountOf(`001${accounts.length + 1}`, Name);
          accounts.push(account);
          return { ...ok({ id: account.Id, success: true, errors: [] }), status: 201 };
        },
        'PATCH /services/data/{version}/sobjects/Account/{id}': (call) => {
          const account = accounts.find(({ Id }) => Id === call.params['id']);
          if (account === undefined) return error(404);
          Object.assign(account, jsonOf(call));
          return { status: 204, headers: common };
        },
        'POST /services/data/{version}/sobjects/ContentVersion': (call) => {
          const data = partsOf(call).find(({ headers }) =>
            headers['content-disposition']?.includes('name="VersionData"'),
          );
          if (data === undefined) return refused(400, 'REQUIRED_FIELD_MISSING', 'VersionData');
          const id = `068${contents.size + 1}`;
          contents.set(id, data.body);
          return { ...ok({ id, success: true, errors: [] }), status: 201 };
        },
        'GET /services/data/{version}/sobjects/ContentVersion/{id}/VersionData': ({ params }) => {
          const bytes = contents.get(params['id'] ?? '');
          if (bytes === undefined) return error(404);
          const type = { 'content-type': 'application/octet-stream' };
          return { headers: { ...common, ...type }, body: bytes };
        },
      },
    },
    options,
  );
}

/** How much of the day's quota is spent. */
const common = { 'sforce-limit-info': 'api-usage=18/5000' };

function ok(body: unknown): Answer {
  return { headers: common, body };
}

function accountOf(id: string, name: string) {
  const url = `/services/data/v50.0/sobjects/Account/${id}`;
  return { attributes: { type: 'Account', url }, Id: id, Name: name };
}

function invoiceOf(n: number) {
  const url = `/services/data/v50.0/sobjects/Invoice/3tt${n}`;
  const DocumentNumber = `INV-${String(n).padStart(5, '0')}`;
  const attributes = { type: 'Invoice', url };
  return { attributes, Id: `3tt${n}`, DocumentNumber, TotalAmountWithTax: n * 100 };
}

/** Errors are a list. */
function refused(status: number, errorCode: string, message: string): Answer {
  return { status, headers: common, body: [{ message, errorCode }] };
}

const errors: Readonly<Record<number, readonly [errorCode: string, message: string]>> = {
  401: ['INVALID_SESSION_ID', 'Session expired or invalid'],
  404: ['NOT_FOUND', 'The requested resource does not exist'],
  429: ['REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'],
};

function error(status: number): Answer {
  return refused(status, ...(errors[status] ?? ['UNKNOWN_EXCEPTION', 'An unexpected error']));
}
