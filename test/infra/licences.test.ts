// Every package's licence is accepted, the check finds one that is not, and the bill of materials lists every package.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { licenceProblems, licenceRules, lockedPackages } from '../../infra/check-licences.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('accepts the licence of every package, and needs every exception', () => {
  expect(lockedPackages().length).toBeGreaterThan(500);
  expect(licenceProblems(lockedPackages(), licenceRules())).toEqual([]);
});

it('finds a licence that nobody has accepted, a missing one, and an exception that no package needs', () => {
  const rules = {
    ...licenceRules(),
    exceptions: [{ package: '@img/*', licence: 'LGPL-3.0-or-later', reason: 'shared library' }],
    stated: [],
  };
  const item = (name: string, licence?: string, development = false) => ({ name, version: '1.0.0', licence, development });
  const packages = [
    item('copyleft', 'AGPL-3.0-only'),
    item('silent'),
    item('bundled', 'MPL-2.0'),
    item('tool', 'MPL-2.0', true),
    item('choice', '(GPL-2.0 OR MIT)'),
    item('both', 'MIT AND GPL-2.0'),
  ];
  expect(licenceProblems(packages, rules)).toEqual([
    expect.stringMatching(/^copyleft 1\.0\.0: AGPL-3\.0-only is not accepted/),
    expect.stringMatching(/^silent 1\.0\.0: no licence/),
    expect.stringMatching(/^bundled /),
    expect.stringMatching(/^both /),
    expect.stringContaining('no package needs the entry for @img/*'),
  ]);
});

it('writes a bill of materials with every package, and marks development packages', () => {
  const text = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const bill = JSON.parse(text) as { bomFormat: string; components: { name: string; properties?: { name: string }[] }[] };
  expect(bill.bomFormat).toBe('CycloneDX');
  const named = new Map(bill.components.map((component) => [component.name, component]));
  for (const name of ['fastify', 'bullmq', 'ioredis', 'onnxruntime-node', '@aws-sdk/client-s3', '@prisma/client']) {
    expect(named.get(name), name).toMatchObject({ properties: [] });
  }
  expect(named.get('vitest')?.properties).toMatchObject([{ name: 'cdx:npm:package:development' }]);
});
