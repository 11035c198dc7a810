// Addresses that are shown to people can be opened.
import { isWildcard, urlOf } from '@styleforge/config';
import { expect, it } from 'vitest';

it.each([
  ['0.0.0.0', 'http://127.0.0.1:3000', true],
  ['0', 'http://127.0.0.1:3000', true],
  ['::', 'http://[::1]:3000', true],
  ['0:0:0:0:0:0:0:0', 'http://[::1]:3000', true],
  ['::1', 'http://[::1]:3000', false],
  ['10.0.0.7', 'http://10.0.0.7:3000', false],
  ['fd00::7', 'http://[fd00::7]:3000', false],
  ['forge.example.com', 'http://forge.example.com:3000', false],
])('%s is shown as %s', (host, url, wildcard) => {
  expect([urlOf(host, 3000), isWildcard(host)]).toEqual([url, wildcard]);
});
