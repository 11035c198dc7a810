// The Terraform module: formatted, and every provider pinned to one version. Types need the providers, which are not here: see
// infra/README.md.
import { spawnSync } from 'node:child_process';
import { isInstalled, warnNotTested } from '@styleforge/testing';
import { expect, it } from 'vitest';
import { readText, repository } from './files.ts';

const terraformMissing = isInstalled('terraform', 'version') ? undefined : 'there is no terraform on the PATH';

it('pins every provider exactly', async () => {
  const text = await readText('infra/terraform/versions.tf');
  const versions = [...text.matchAll(/source\s+= "([^"]+)"\s+version = "([^"]+)"/g)];
  expect(versions.map(([, source]) => source)).toEqual(['hashicorp/aws', 'hashicorp/random']);
  for (const [, source, version] of versions) expect(version, source).toMatch(/^\d+\.\d+\.\d+$/);
});

it.skipIf(warnNotTested("the format of Terraform's files", terraformMissing))('is valid and formatted', () => {
  const { status, stdout, stderr } = spawnSync('terraform', ['fmt', '-check', '-diff', '-recursive', 'infra/terraform'], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect([status, stdout, status === 0 ? '' : stderr]).toEqual([0, '', '']);
});
