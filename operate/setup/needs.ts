import type { GoogleApi } from '../google-api.ts';
import type { Secrets } from '../secrets.ts';

/** Where the suite is to run, and how things are named there. */
export interface Site {
  readonly projectId: string;
  readonly isSandbox: boolean;
  readonly api: GoogleApi;
  readonly secrets: Secrets;
  readonly names: {
    readonly keyring: string;
    readonly providers: string;
    readonly database: string;
    /** The ids of the service accounts; docs/deploy.md says what each may do. */
    readonly accounts: Readonly<Record<AccountName, string>>;
  };
  /** Where a database is created that is not there: `eur3`. */
  readonly location?: string | undefined;
  /** The origin of the app's pages. Default: the project's own site of Firebase Hosting. */
  readonly origin?: string | undefined;
  /** Between two looks at something that takes a while. */
  readonly pauseMs: number;
}

export type AccountName = 'page' | 'vault' | 'keys';

/** How things are from how they should be. */
export interface Difference {
  /** What is missing, wrong or too much. */
  readonly what: string;
  /** What `setup --apply` does about it; it only ever adds. */
  readonly change?: {
    /** In the imperative: `create the secret strongroom-keyring`. */
    readonly says: string;
    readonly apply: () => Promise<void>;
  };
  /** The command that mends it, where `setup --apply` does not. */
  readonly mend?: string;
}

/** One thing that the suite needs of a project. */
export interface Need {
  readonly title: string;
  readonly isInSandbox: boolean;
  /** Empty where all is as it should be. Changes nothing. @throws GoogleApiError */
  find(): Promise<readonly Difference[]>;
}

/** The address of a service account of the project. */
export function emailOf({ projectId, names }: Site, account: AccountName): string {
  return `${names.accounts[account]}@${projectId}.iam.gserviceaccount.com`;
}
