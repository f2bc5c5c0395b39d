/** A list price in US dollars, without free quota and discounts. */
export interface Price {
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  readonly source: string;
  readonly readAt: string;
  /** What could not be confirmed, where that is so. */
  readonly doubt?: string;
}

const readAt = '2026-11-22';
const firestore = {
  source: 'https://firebase.google.com/docs/firestore/pricing',
  readAt,
  doubt: "read in a stored copy, for Oregon (us-west1); us-central1's own row was not in it",
} as const;
const run = { source: 'https://cloud.google.com/run/pricing', readAt } as const;
const runDoubt = { doubt: 'the page was read as a stored copy, the figure in part second-hand' };

/** Region us-central1, which is tier 1 of Cloud Run. */
export const prices = {
  firestoreReads: { usd: 0.03, per: 100_000, unit: 'documents', ...firestore },
  firestoreWrites: { usd: 0.09, per: 100_000, unit: 'documents', ...firestore },
  firestoreStorage: { usd: 0.15, per: 1, unit: 'GiB and month', ...firestore },
  tasks: {
    usd: 0.4,
    per: 1_000_000,
    unit: 'API calls and deliveries',
    source: 'https://cloud.google.com/tasks/pricing',
    readAt,
  },
  invocations: { usd: 0.4, per: 1_000_000, unit: 'requests', ...run, ...runDoubt },
  processor: { usd: 0.000_024, per: 1, unit: 'vCPU-second', ...run },
  memory: { usd: 0.000_002_5, per: 1, unit: 'GiB-second', ...run, ...runDoubt },
  scheduler: {
    usd: 0.1,
    per: 1,
    unit: 'job and month',
    source: 'https://cloud.google.com/scheduler/pricing',
    readAt,
  },
  secretAccesses: {
    usd: 0.03,
    per: 10_000,
    unit: 'accesses',
    source: 'https://cloud.google.com/secret-manager/pricing',
    readAt,
    doubt: 'second-hand',
  },
  secretVersions: {
    usd: 0.06,
    per: 1,
    unit: 'version and month',
    source: 'https://cloud.google.com/secret-manager/pricing',
    readAt,
    doubt: 'second-hand',
  },
  outbound: {
    usd: 0.12,
    per: 1,
    unit: 'GiB',
    source: 'https://cloud.google.com/vpc/network-pricing',
    readAt,
    doubt: 'second-hand, for the first 1,024 GiB to North America; what is more is cheaper',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type Priced = keyof typeof prices;
