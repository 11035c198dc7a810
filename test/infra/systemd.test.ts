// The units for machines without containers: systemd's own check, settings that exist, programs that exist, and time to stop.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isInstalled, warnNotTested } from '@styleforge/testing';
import { expect, it } from 'vitest';
import { listFiles, readText, repository, unknownSettings } from './files.ts';

const units = (await listFiles('infra/systemd')).filter((file) => file.endsWith('.service'));
const missing = !isInstalled('systemd-analyze', '--version')
  ? 'there is no systemd-analyze on the PATH'
  : existsSync('/usr/bin/node')
    ? undefined
    : 'node is not in /usr/bin, where the units start it';

it.skipIf(warnNotTested("systemd's check of the units", missing))('systemd accepts every unit without a warning', () => {
  expect(units).toHaveLength(2);
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { cwd: repository, encoding: 'utf8' });
  expect([status, stderr.trim()]).toEqual([0, '']);
});

it.each(units)('%s starts a program that exists, with settings that the service knows', async (unit) => {
  const text = await readText(unit);
  const programs = [...text.matchAll(/^Exec\w+=\/usr\/bin\/node (\S+) (\S+)$/gm)].flatMap(([, runner = '', program = '']) => [
    runner,
    program,
  ]);
  expect(programs.length).toBeGreaterThan(1);
  for (const program of programs) expect(existsSync(repository + program), program).toBe(true);
  const settings = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, pairs = '']) =>
    pairs.split(' ').map((pair) => pair.split('=')[0] ?? ''),
  );
  expect(unknownSettings(settings.filter((name) => name !== 'NODE_ENV'))).toEqual([]);
});

it('a worker has time for its running jobs before systemd kills it', async () => {
  const text = await readText('infra/systemd/styleforge-worker@.service');
  const [grace, stop] = [/WORKER_GRACE_SECONDS=(\d+)/, /TimeoutStopSec=(\d+)/].map((pattern) => Number(pattern.exec(text)?.[1]));
  expect(stop).toBeGreaterThanOrEqual((grace ?? Infinity) + 15);
});
