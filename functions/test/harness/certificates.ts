import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClientCertificate } from '../../src/egress/certificate.ts';

const run = promisify(execFile);

export interface Certificates {
  /** Of the authority, PEM. */
  readonly authority: string;
  /** Of 127.0.0.1 and localhost. */
  readonly server: ClientCertificate;
  readonly clients: Readonly<Record<string, ClientCertificate>>;
}

/** An authority of the test's own, a certificate for this machine, and one for each of these clients. */
export async function makeCertificates(clients: readonly string[]): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  const openssl = (...values: string[]) => run('openssl', values, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const signed = async (name: string, extensions: string): Promise<ClientCertificate> => {
    await writeFile(join(folder, `${name}.ext`), extensions);
    const request = ['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`];
    await openssl('req', '-new', ...key, ...request);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
    await openssl('x509', '-req', ...authority, ...files);
    return { certificate: await read(`${name}.pem`), privateKey: await read(`${name}.key`) };
  };
  try {
    const authority = ['-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem'];
    await openssl('req', '-x509', ...key, ...authority, '-days', '2');
    const server = await signed('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    const made: Record<string, ClientCertificate> = {};
    // One after the other: they share the authority's serial number.
    for (const name of clients) made[name] = await signed(name, 'extendedKeyUsage=clientAuth\n');
    return { authority: await read('ca.pem'), server, clients: made };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
