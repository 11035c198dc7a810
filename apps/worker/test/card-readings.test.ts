// Readings of graphics cards, with programs in the place of nvidia-smi that print what it prints on real machines.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { visibleCards } from '@styleforge/config';
import type { NamedDevice } from '@styleforge/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CardReadings } from '../src/machine/card-readings.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-cards-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A program that prints the rows, if it was asked as nvidia-smi must be asked. */
async function standIn(name: string, rows: string[], status = 0): Promise<string> {
  const program = join(directory, name);
  const asked = '--query-gpu=index,uuid,temperature.gpu,utilization.gpu,power.draw,memory.used --format=csv,noheader,nounits';
  await writeFile(program, `#!/bin/sh\n[ "$*" = "${asked}" ] || exit 9\ncat <<'END'\n${rows.join('\n')}\nEND\nexit ${status}\n`);
  await chmod(program, 0o755);
  return program;
}

const read = (program: string, devices: NamedDevice[], visible?: string) =>
  new CardReadings({ program, devices, visible: visibleCards({ CUDA_VISIBLE_DEVICES: visible }) }).read();

const unread = { temperatureCelsius: null, loadPercent: null, powerWatts: null, memoryUsedBytes: null };
const rtx2080 = { temperatureCelsius: 45, loadPercent: 86, powerWatts: 176.98, memoryUsedBytes: 7199 * 2 ** 20 };
const unmetered = { temperatureCelsius: 44, loadPercent: 0, powerWatts: null, memoryUsedBytes: 0 };
const ROWS = [
  '0, GPU-22b2c6ac-2d49-4863-197c-9c469071178a, 45, 86, 176.98, 7199',
  '1, GPU-e18afb8d-1627-f8ff-2ba3-c05c5a8e9e67, 44, 0, [N/A], 0',
];

it('reads the cards of the devices in their order, as CUDA_VISIBLE_DEVICES numbers them', async () => {
  const program = await standIn('two-cards', ROWS);
  expect(await read(program, ['cuda'])).toEqual([rtx2080]);
  expect(await read(program, ['cuda:1', 'cuda:0'])).toEqual([unmetered, rtx2080]);
  expect(await read(program, ['webgpu', 'webgpu:1'], '1,0')).toEqual([unmetered, rtx2080]);
  expect(await read(program, ['cuda'], 'GPU-e18afb8d')).toEqual([unmetered]);
  expect(await read(program, ['cuda:7'])).toEqual([unread]);
});

it('returns null for what a card does not report, whatever the driver writes there', async () => {
  const old = await standIn('old-driver', ['0, GPU-22b2c6ac-2d49-4863-197c-9c469071178a, 44, [Not Supported], [Unknown Error], ERR!']);
  expect(await read(old, ['cuda'])).toEqual([{ ...unread, temperatureCelsius: 44 }]);
  expect(await read(await standIn('no-cards', ['No devices were found']), ['cuda'])).toEqual([unread]);
});

it('returns no readings without the program, when it fails, and for a processor', async () => {
  expect(await read(join(directory, 'missing'), ['cuda'])).toBeNull();
  expect(await read(await standIn('broken', ROWS, 9), ['cuda'])).toBeNull();
  expect(await read(await standIn('without-device', ROWS), ['cpu'])).toBeNull();
});

it('returns the previous readings immediately, and reads again meanwhile', async () => {
  const program = await standIn('changing', ROWS);
  const cards = new CardReadings({ program, devices: ['cuda'], visible: undefined });
  expect(cards.latest()).toBeNull();
  await expect.poll(() => cards.latest()).toEqual([rtx2080]);
  await standIn('changing', ['0, GPU-22b2c6ac-2d49-4863-197c-9c469071178a, 60, 99, 200.00, 7199']);
  await expect.poll(() => cards.latest()).toMatchObject([{ temperatureCelsius: 60, loadPercent: 99, powerWatts: 200 }]);
});
