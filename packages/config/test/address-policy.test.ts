// The addresses that a webhook may reach, in every spelling.
import { createAddressPolicy, literalAddress, loadConfig } from '@styleforge/config';
import { describe, expect, it } from 'vitest';

const mayReach = createAddressPolicy([]);

describe('the address policy', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:192.168.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::a00:1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    '::127.0.0.1',
    'nonsense',
    '',
  ])('refuses %s', (address) => {
    expect(mayReach(address)).toBe(false);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'allows %s',
    (address) => {
      expect(mayReach(address)).toBe(true);
    },
  );

  it('allows the networks that the installation allows, and no others', () => {
    const policy = createAddressPolicy(['10.1.0.0/16', 'fd00::/8']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1'].map(policy)).toEqual([true, true, true]);
    expect(['10.2.0.1', '127.0.0.1', '::1'].map(policy)).toEqual([false, false, false]);
  });

  it.each([
    ['http://2130706433/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://017700000001/', '127.0.0.1'],
    ['http://[::1]/', '::1'],
    ['http://localhost/', undefined],
  ])('recognizes the embedded address in %s', (url, address) => {
    expect(literalAddress(new URL(url))).toBe(address);
  });

  it('requires networks in CIDR notation', () => {
    expect(loadConfig({ WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8, ::1/128' }).flow.webhooks.allowedNetworks).toEqual([
      '10.0.0.0/8',
      '::1/128',
    ]);
    for (const wrong of ['10.0.0.0', '10.0.0.0/33', 'localhost/8', '::1/129'])
      expect(() => loadConfig({ WEBHOOK_ALLOWED_NETWORKS: wrong })).toThrow(/^WEBHOOK_ALLOWED_NETWORKS: /);
  });
});
