// A short chaos run on each stack: one round of work under faults that a seed chooses. `npm run chaos` makes longer ones.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Database, WorkTotals } from '@styleforge/database';
import { redisMissing, warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { createClock } from '../src/chaos/clock.ts';
import { runChaos } from '../src/chaos/run-chaos.ts';
import { mountSmallDisk, smallDiskMissing } from '../src/chaos/small-disk.ts';
import type { StackKind } from '../src/chaos/stack.ts';
import { startLine } from '../src/chaos/tcp-proxy.ts';
import { WorkProgress } from '../src/chaos/work-progress.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-chaos-test-'));
  await makeTinyBaseModel(join(directory, 'models', 'tiny'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const repository = fileURLToPath(new URL('../../..', import.meta.url));

const run = (stack: StackKind, seed: number, otherVersion?: string) =>
  runChaos({
    ...{ stack, seed, minutes: 0, modelsDirectory: join(directory, 'models'), model: 'tiny', resolution: 32, steps: 12, faultsPerRound: 4 },
    ...(otherVersion !== undefined && { otherVersion }),
    log: () => undefined,
  });

describe('a round of chaos', () => {
  it('loses and duplicates nothing on the embedded stack', async () => {
    const { violations, rounds, faults } = await run('embedded', 7);
    expect(violations).toEqual([]);
    expect(rounds).toBe(1);
    expect(Object.keys(faults).length).toBeGreaterThan(0);
  }, 900_000);

  it.skipIf(warnNotTested('chaos on Redis and S3', redisMissing))(
    'loses and duplicates nothing on Redis and S3, where two installations share the work',
    async () => {
      const { violations, faults } = await run('redis', 8, repository);
      expect(violations).toEqual([]);
      expect(Object.keys(faults).length).toBeGreaterThan(0);
    },
    900_000,
  );
});

describe('tools for chaos', () => {
  it('work that has saved nothing is interrupted twice at most, also while the database is unavailable', async () => {
    const idle = { unfinishedJobs: 0, unfinishedGenerations: 0, checkpoints: 5, generatedImages: 6 };
    const training = { ...idle, unfinishedJobs: 1 };
    // One reading each time that a fault is chosen; undefined: the database is unavailable.
    const readings = [idle, training, training, undefined, training, { ...training, checkpoints: 6 }];
    const totals = async () => {
      const reading = readings.shift();
      if (reading === undefined) throw new Error('connection refused');
      return reading as WorkTotals;
    };
    const progress = new WorkProgress({ measurements: { totals } as Database['measurements'] });
    const allowed = [];
    while (readings.length > 0) {
      allowed.push(await progress.mayEnd());
      if (allowed.length > 1) progress.hasEnded();
    }
    expect(allowed).toEqual([true, true, true, false, false, true]);
  });

  it('another version is a checkout with its packages, which is checked before anything starts', async () => {
    await expect(run('embedded', 1, directory)).rejects.toThrow(
      /^--other-version .*: apps\/api\/src\/main.ts is missing there; give a checkout/,
    );
  });

  it('a connection can be slowed down, silenced and cut, and works again afterwards', async () => {
    const server = createServer((_request, answer) => answer.setHeader('connection', 'close').end('heard')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = await startLine({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    const ask = async (signal?: AbortSignal) => (await fetch(`http://127.0.0.1:${line.port}`, signal ? { signal } : {})).text();
    expect(await ask()).toBe('heard');
    line.slowBy(150);
    const begun = performance.now();
    expect(await ask()).toBe('heard');
    expect(performance.now() - begun).toBeGreaterThan(290);
    line.slowBy(0);
    line.silence(true);
    const silenced = ask();
    await expect(ask(AbortSignal.timeout(300))).rejects.toThrow();
    line.silence(false);
    expect(await silenced).toBe('heard');
    line.cut(true);
    await expect(ask()).rejects.toThrow();
    line.cut(false);
    expect(await ask()).toBe('heard');
    await line.stop();
    server.close();
  });

  it('a process can run with a clock that jumps', async () => {
    const clock = await createClock(join(directory, 'clock'), 3_600);
    const program =
      'const d = new Date(0); console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), d ' +
      'instanceof Date, new Date(5).getTime()]))';
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { env: clock.environment });
    const [now, made, written, isDate, five] = JSON.parse(stdout) as unknown[];
    for (const time of [now, made, written]) expect(Math.abs(Number(time) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    expect([isDate, five]).toEqual([true, 5]);
  });

  it.skipIf(warnNotTested('full disks', smallDiskMissing))('a small disk can be filled, and has space again afterwards', async () => {
    const disk = await mountSmallDisk(join(directory, 'disk'));
    try {
      const write = () => writeFile(join(disk.directory, 'file'), Buffer.alloc(1 << 16));
      await disk.fill();
      await expect(write()).rejects.toThrow('ENOSPC');
      await disk.free();
      await write();
      expect((await readFile(join(disk.directory, 'file'))).length).toBe(1 << 16);
    } finally {
      await disk.remove();
    }
  });
});
