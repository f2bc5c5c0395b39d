import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { ClientCertificate } from '../../src/egress/certificate.ts';

const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

export interface Certificates {
  /** Of the authority, PEM. */
  readonly authority: string;
  /** Of 127.0.0.1 and localhost. */
  readonly server: ClientCertificate;
  readonly clients: Readonly<Record<string, ClientCertificate>>;
}

/** An authority of the test's own, a certificate for this machine, and one for each of these clients. */
export async function makeCertificates(clients: readonly string[]): Promise<Certificates> {
  const now = Date.now();
  const validity = { notBefore: new Date(now - dayMs), notAfter: new Date(now + dayMs) };
  const keys = await newKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: '01',
    name: 'CN=test authority',
    signingAlgorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  let serial = 1;
  const signed = async (name: string, extension: Extension): Promise<ClientCertificate> => {
    const own = await newKeys();
    serial += 1;
    const certificate = await X509CertificateGenerator.create({
      ...validity,
      serialNumber: serial.toString(16).padStart(2, '0'),
      subject: `CN=${name}`,
      issuer: authority.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm,
      extensions: [extension],
    });
    const pkcs8 = await crypto.subtle.exportKey('pkcs8', own.privateKey);
    return {
      certificate: certificate.toString('pem'),
      privateKey: PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    };
  };
  const here = new SubjectAlternativeNameExtension([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
  ]);
  const forClients = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
  const made = await Promise.all(
    clients.map(async (name) => [name, await signed(name, forClients)] as const),
  );
  return {
    authority: authority.toString('pem'),
    server: await signed('server', here),
    clients: Object.fromEntries(made),
  };
}

function newKeys() {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
}
