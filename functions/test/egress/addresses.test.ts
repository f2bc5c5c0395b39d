import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isAllowedAddress, isLoopbackHttp } from '../../src/egress/addresses.ts';

const forbidden = [
  ...['0.0.0.0', '0.255.255.255', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255'],
  ...['169.254.169.254', '169.254.0.1', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1'],
  ...['192.88.99.1', '192.168.0.1', '192.168.255.255', '198.18.0.1', '198.19.255.255'],
  ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1'],
  ...['255.255.255.255', '::', '::2', '::10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1'],
  ...['::ffff:169.254.169.254', '::ffff:8.8.8.8', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1'],
  ...['2001::1', '2001:db8::1', '2002:a00:1::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1'],
  ...['febf::1', 'fec0::1', 'ff02::1', 'fbff::1', '4000::1', '3fff::1', '0:0:0:0:0:ffff:a9fe:a9fe'],
];
const loopback = ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'];
const open = [
  ...['8.8.8.8', '1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0'],
  ...['126.255.255.255', '128.0.0.1', '169.253.255.255', '172.15.255.255', '172.32.0.0'],
  ...['192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...['2001:4860:4860::8888', '2606:4700:4700::1111', '2a00::1', '3ffe::1'],
];

describe('the addresses that requests may reach', () => {
  for (const address of forbidden) {
    it(`never include ${address}`, () => {
      assert.equal(isAllowedAddress(address, false), false);
      assert.equal(isAllowedAddress(address, true), false);
    });
  }
  for (const address of loopback) {
    it(`include ${address} in the sandbox only`, () => {
      assert.equal(isAllowedAddress(address, false), false);
      assert.equal(isAllowedAddress(address, true), true);
    });
  }
  for (const address of open) {
    it(`include ${address}`, () => assert.equal(isAllowedAddress(address, false), true));
  }
  it('include nothing that is not an IP address', () =>
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string(), fc.constant('127.1')), (text) => {
        fc.pre(!/^[\d.]+$|:/.test(text) || text === '127.1');
        assert.equal(isAllowedAddress(text, true), false);
      }),
    ));
  it('are judged the same for an IPv4 address in IPv6 clothes: never', () =>
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        assert.equal(isAllowedAddress(`::ffff:${address}`, false), false);
      }),
    ));
});

describe('plain http', () => {
  for (const url of [
    'http://127.0.0.1:1/',
    'http://localhost/',
    'http://[::1]:1/',
    'http://127.1/',
  ]) {
    it(`to ${url} is to this machine`, () => assert.equal(isLoopbackHttp(new URL(url)), true));
  }
  for (const url of [
    ...['https://localhost/', 'http://localhost.example/', 'http://127.0.0.1.example/'],
    ...['http://10.0.0.1/', 'http://[::ffff:127.0.0.1]/', 'http://0.0.0.0/', 'ftp://localhost/'],
  ]) {
    it(`to ${url} is not`, () => assert.equal(isLoopbackHttp(new URL(url)), false));
  }
});
