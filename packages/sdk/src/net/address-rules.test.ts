import { describe, expect, it } from 'vitest';
import { createAddressRules } from './address-rules.ts';

const closedByDefault = [
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
];

describe('addresses that a user’s URL may lead to', () => {
  it.each(closedByDefault)('%s is closed', (address) => {
    expect(createAddressRules().isAllowed(address, 'example.test', 443)).toBe(false);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])('%s is open', (address) => {
    expect(createAddressRules().isAllowed(address, 'example.test', 443)).toBe(true);
  });

  it('opens a host, a host with its port, an address and a network, and nothing beside them', () => {
    const rules = createAddressRules([
      'files.lan',
      'minio.lan:9000',
      '127.0.0.1',
      '10.1.0.0/16',
      'fd00:1::/32',
    ]);
    expect(rules.isAllowed('192.168.1.1', 'files.lan', 80)).toBe(true);
    expect(rules.isAllowed('192.168.1.1', 'minio.lan', 9000)).toBe(true);
    expect(rules.isAllowed('192.168.1.1', 'minio.lan', 9001)).toBe(false);
    expect(rules.isAllowed('127.0.0.1', 'x', 80)).toBe(true);
    expect(rules.isAllowed('127.0.0.2', 'x', 80)).toBe(false);
    expect(rules.isAllowed('10.1.9.9', 'x', 80)).toBe(true);
    expect(rules.isAllowed('10.2.0.1', 'x', 80)).toBe(false);
    expect(rules.isAllowed('fd00:1::5', 'x', 80)).toBe(true);
  });

  it('opens an IPv6 address in brackets, alone or with its port, however it is spelled', () => {
    const rules = createAddressRules(['[::1]', '[FD00:0:0::1]:9000']);
    expect(rules.isAllowed('::1', '::1', 80)).toBe(true);
    expect(rules.isAllowed('fd00::1', 'fd00::1', 9000)).toBe(true);
    expect(rules.isAllowed('fd00::1', 'fd00::1', 9001)).toBe(false);
    expect(rules.isAllowed('fd00::2', 'fd00::2', 9000)).toBe(false);
  });

  it.each(['[zz]:80', '[::1', '[1]', '10.0.0.0/40', 'http://x', 'a b', ''])(
    'refuses "%s" as an entry',
    (entry) => {
      expect(() => createAddressRules([entry])).toThrow(RangeError);
    },
  );

  it('is not fooled by an address that is no address', () => {
    expect(createAddressRules().isAllowed('not-an-address', 'x', 80)).toBe(false);
  });
});
