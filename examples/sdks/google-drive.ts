import { drive, type drive_v3 } from '@googleapis/drive';
import { type ProxyAccess, proxyFetch } from '../../client/src/proxy-fetch.ts';

/** Google Drive, by the connection behind the proxy. */
export function driveOf(access: ProxyAccess): drive_v3.Drive {
  const fetchImplementation = proxyFetch({ ...access, api: 'https://www.googleapis.com' });
  return drive({ version: 'v3', fetchImplementation });
}
