// npm run bench -- gpu: everything that is to be known about a GPU, in one go of some minutes: equality with the processor, training and sampling at both
// geometries in float32 and mixed precision, beside torch where there is a Python for it, and where the time goes. A measurement that fails or takes
// too long is noted, and the next one begins; in the end the whole fails.
import { typeScript } from '@styleforge/launch';
import { spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { numberOption } from '../options.ts';
import { nvidiaGpu, print, secondsSince } from './process.ts';
import { median } from './statistics.ts';

interface Measurement {
  readonly name: string;
  /** Arguments of `npm run bench --`. */
  readonly args: readonly string[];
  /** After so many it is stopped. */
  readonly seconds: number;
  /** Whether torch runs beside it. */
  readonly compared?: boolean;
}

type Figures = Readonly<Record<string, string | number>>;

const fp16 = ['--precision', 'fp16'];
const measurements: readonly Measurement[] = [
  { name: 'equality with the processor, float32', args: ['parity'], seconds: 90 },
  { name: 'equality with the processor, fp16', args: ['parity', ...fp16], seconds: 90 },
  { name: 'training, small, batch 2', args: ['train', '--steps', '20'], seconds: 90, compared: true },
  { name: 'training, small, batch 16', args: ['train', '--steps', '20', '--batch', '16'], seconds: 90, compared: true },
  { name: 'training, small, batch 16, fp16', args: ['train', '--steps', '20', '--batch', '16', ...fp16], seconds: 60 },
  { name: 'training, sd15', args: ['train', '--geometry', 'sd15', '--steps', '5'], seconds: 180, compared: true },
  { name: 'training, sd15, fp16', args: ['train', '--geometry', 'sd15', '--steps', '5', ...fp16], seconds: 120 },
  { name: 'sampling, sd15', args: ['sample', '--geometry', 'sd15', '--steps', '20'], seconds: 150, compared: true },
  { name: 'where the time goes, sd15, fp16', args: ['train', '--geometry', 'sd15', '--steps', '2', '--profile', ...fp16], seconds: 120 },
  { name: 'where the time goes, small, batch 16', args: ['train', '--steps', '5', '--batch', '16', '--profile'], seconds: 60 },
  { name: 'sampling, small', args: ['sample', '--steps', '20'], seconds: 60, compared: true },
];

/** Runs one benchmark in a process group of its own, which ends with it, and gives back its lines; throws when it fails or is stopped, with what it had printed in `lines`. */
function linesOf(args: readonly string[], seconds: number, lines: Figures[]): Promise<void> {
  const child = spawn(process.execPath, [...typeScript(process.argv[1] ?? ''), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [rest, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Figures));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  let stopped = false;
  const timer = setTimeout(() => {
    stopped = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, seconds * 1000);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return done();
      fail(new Error(stopped ? `stopped after ${seconds} s` : `ended by ${signal ?? `exit code ${code}`}: ${complaint.trim()}`));
    });
  });
}

function rowOf({ name }: Measurement, lines: readonly Figures[], failure: string | undefined): string {
  const steps = lines.filter(({ library, step }) => library === undefined && step !== undefined);
  const medians = lines.filter(({ median_seconds: seconds }) => seconds !== undefined);
  // of a training that was stopped: its steps but for the first
  const ours =
    medians.find(({ library }) => library === undefined) ??
    (steps.length > 1 ? { ...steps.at(-1), median_seconds: median(steps.slice(1).map(({ seconds }) => Number(seconds))) } : undefined);
  const torch = (precision: string): Figures | undefined =>
    medians.find((line) => line.library !== undefined && line.precision === precision);
  const cells = [ours, torch('no'), torch('bf16')].flatMap((line) => [line?.median_seconds, line?.device_gib ?? line?.peak_gib]);
  const others = lines.filter(
    (line) => line.phase === undefined && line.step === undefined && line.median_seconds === undefined && line.against === undefined,
  );
  const note = [
    failure,
    ...others.map((line) =>
      Object.entries(line)
        .map(([key, value]) => `${key} ${value}`)
        .join(', '),
    ),
  ]
    .filter(Boolean)
    .join('<br>');
  return `| ${[name, ...cells.map((cell) => cell ?? ''), note.replaceAll('\n', ' ').replaceAll('|', '/')].join(' | ')} |`;
}

const head = '| | s | GiB | torch s | GiB | torch bf16 s | GiB | |\n|---|---|---|---|---|---|---|---|';

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      device: { type: 'string', default: 'webgpu' },
      python: { type: 'string' },
      minutes: { type: 'string', default: '9' },
      only: { type: 'string', default: '' },
      out: { type: 'string' },
    },
  });
  const minutes = numberOption('minutes', values.minutes);
  const start = performance.now();
  const note = async (text: string): Promise<void> => {
    console.log(text);
    if (values.out !== undefined) await appendFile(values.out, `${text}\n`);
  };
  await note(
    JSON.stringify({
      gpu: nvidiaGpu('name', 'driver_version', 'memory.total')?.join(', ') ?? 'not of NVIDIA',
      device: values.device,
      node: process.version,
      date: new Date().toISOString(),
    }),
  );
  const rows: string[] = [];
  let failures = 0;
  for (const measurement of measurements.filter(({ name }) => name.includes(values.only))) {
    const left = minutes * 60 - secondsSince(start);
    const lines: Figures[] = [];
    const beside = measurement.compared && values.python !== undefined ? ['--compare', 'torch', '--python', values.python] : [];
    const failure =
      left < 10
        ? 'no time left'
        : await linesOf(
            [...measurement.args, '--device', values.device, ...beside],
            Math.round(Math.min(left, measurement.seconds)),
            lines,
          ).then(
            () => undefined,
            (error: unknown) => String(error),
          );
    for (const line of lines) await note(JSON.stringify({ measurement: measurement.name, ...line }));
    rows.push(rowOf(measurement, lines, failure));
    if (failure !== undefined) failures += 1;
    print({ measurement: measurement.name, ...(failure !== undefined && { failure }), seconds_since_the_start: secondsSince(start) });
  }
  await note([head, ...rows].join('\n'));
  if (failures > 0) throw new Error(`${failures} of ${rows.length} measurements failed`);
}
