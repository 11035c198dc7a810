// npm run bench -- gpu: measures a GPU in one run of some minutes: equality with the processor, training and sampling at both
// geometries, recorded and not, in float32, TF32 and float16, compared with torch (eager, bfloat16, compiled) if a Python has it, and
// the share of each operation. The engine has no bfloat16 (docs/experiments/gpu.md). A measurement that fails or takes
// too long is noted, and the next one begins; the end is a list of what failed, and exit code 1.
import { typeScript } from '@styleforge/launch';
import { spawn } from 'node:child_process';
import { appendFile, writeFile } from 'node:fs/promises';
import { readCommandLine } from '../../command-line.ts';
import { numberOption } from '../../options.ts';
import { nvidiaGpu, print, secondsSince } from '../process.ts';
import { median } from '../statistics.ts';

interface Measurement {
  readonly name: string;
  /** Arguments of `npm run bench --`. */
  readonly args: readonly string[];
  /** Seconds after which it is stopped. */
  readonly seconds: number;
  /** Whether torch is measured for comparison. */
  readonly compared?: boolean;
}

type Figures = Readonly<Record<string, string | number | boolean>>;

const fp16 = ['--precision', 'fp16'];
const exact = ['--tf32', 'no'];
const plain = ['--plain'];
const sd15 = ['train', '--geometry', 'sd15', '--steps', '6', '--recompute', 'no'];
/** The most important measurements come first, because a machine may be available only for minutes. */
const measurements: readonly Measurement[] = [
  { name: 'first run', args: ['first-run'], seconds: 90 },
  { name: 'equality with the processor, float32', args: ['parity'], seconds: 90 },
  { name: 'training, sd15', args: sd15, seconds: 180, compared: true },
  { name: 'training, sd15, fp16', args: [...sd15, ...fp16], seconds: 90 },
  { name: 'training, sd15, own kernels for activations', args: [...sd15, '--kernels', 'activations'], seconds: 90 },
  { name: 'training, sd15, own kernels', args: [...sd15, '--kernels', 'all'], seconds: 90 },
  { name: 'training, sd15, fp16, own kernels', args: [...sd15, ...fp16, '--kernels', 'all'], seconds: 90 },
  { name: 'training, small, batch 2', args: ['train', '--steps', '20'], seconds: 120, compared: true },
  { name: 'sampling, sd15', args: ['sample', '--geometry', 'sd15', '--steps', '20'], seconds: 120, compared: true },
  { name: 'training, sd15, not recorded', args: [...sd15, ...plain], seconds: 90 },
  { name: 'training, sd15, without TF32', args: [...sd15, ...exact], seconds: 90 },
  { name: 'training, small, batch 2, not recorded', args: ['train', '--steps', '20', ...plain], seconds: 60 },
  { name: 'training, small, batch 2, fp16', args: ['train', '--steps', '20', ...fp16], seconds: 60 },
  { name: 'training, small, batch 16', args: ['train', '--steps', '20', '--batch', '16'], seconds: 90, compared: true },
  { name: 'equality with the processor, TF32', args: ['parity', '--tf32', 'yes'], seconds: 90 },
  { name: 'equality with the processor, fp16', args: ['parity', ...fp16], seconds: 90 },
  { name: 'equality with the processor, own kernels', args: ['parity', '--kernels', 'activations'], seconds: 90 },
  { name: 'where the time goes, sd15', args: [...sd15, '--profile'], seconds: 120 },
  { name: 'training, sd15, recomputed', args: ['train', '--geometry', 'sd15', '--steps', '4', '--recompute', 'yes'], seconds: 90 },
  { name: 'sampling, small', args: ['sample', '--steps', '20'], seconds: 60, compared: true },
];
/**
 * Runs one benchmark in its own process group and returns its lines. Throws if it fails or is stopped; `lines` then contains what it had
 * printed.
 */
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

interface Row {
  readonly name: string;
  readonly failure?: string | undefined;
  readonly seconds?: Figures[string] | undefined;
  readonly gibibytes?: Figures[string] | undefined;
  /** Times and memory of torch by precision, or `compiled`. */
  readonly torch: Readonly<Record<string, { readonly seconds: Figures[string]; readonly gibibytes: Figures[string] | undefined }>>;
  /** Other results: equality, operations by time. */
  readonly others: readonly Figures[];
}

const memoryOf = (line: Figures | undefined): Figures[string] | undefined => line?.device_gib ?? line?.peak_gib;

function rowOf({ name }: Measurement, lines: readonly Figures[], failure: string | undefined): Row {
  const steps = lines.filter(({ library, step }) => library === undefined && step !== undefined);
  const medians = lines.filter(({ median_seconds: seconds }) => seconds !== undefined);
  // for a stopped training, its steps except the first
  const ours =
    medians.find(({ library }) => library === undefined) ??
    (steps.length > 1 ? { ...steps.at(-1), median_seconds: median(steps.slice(1).map(({ seconds }) => Number(seconds))) } : undefined);
  const torch = medians
    .filter(({ library }) => library !== undefined)
    .map(
      (line) => [line.compiles ? 'compiled' : String(line.precision), { seconds: line.median_seconds, gibibytes: memoryOf(line) }] as const,
    );
  const others = lines.filter(
    (line) => line.phase === undefined && line.step === undefined && line.median_seconds === undefined && line.against === undefined,
  );
  return { name, failure, seconds: ours?.median_seconds, gibibytes: memoryOf(ours), torch: Object.fromEntries(torch), others };
}

function lineOf({ name, failure, seconds, gibibytes, torch, others }: Row): string {
  const theirs = ['no', 'bf16', 'compiled'].map((way) => torch[way]);
  const cells = [seconds, gibibytes, ...theirs.flatMap((way) => [way?.seconds, way?.gibibytes])];
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

const head = '| | s | GiB | torch s | GiB | torch bf16 s | GiB | compiled s | GiB | |\n|---|---|---|---|---|---|---|---|---|---|';

const program = {
  usage: 'npm run bench -- gpu',
  about: 'Measures a GPU: equality with the processor, training and sampling at both geometries, and torch beside it.',
  options: {
    device: { type: 'string', default: 'cuda', help: 'device to measure' },
    python: { type: 'string', help: 'a Python with torch and diffusers, to measure them as well' },
    minutes: { type: 'string', default: '9', help: 'time for all measurements' },
    only: { type: 'string', default: '', help: 'only measurements with this text in their names' },
    out: { type: 'string', help: 'file to which the results are added as a table' },
    json: { type: 'string', help: 'file for the results as JSON' },
  },
} as const;

interface Surroundings {
  readonly device: string;
  readonly python: string | undefined;
  /** Seconds until the end of all measurements. */
  readonly left: number;
}

/** Runs the benchmark and fills `lines` with what it prints; returns why it failed. */
async function make({ args, compared, seconds }: Measurement, around: Surroundings, lines: Figures[]): Promise<string | undefined> {
  if (around.left < 10) return 'no time left';
  const beside = compared && around.python !== undefined ? ['--compare', 'torch', '--python', around.python] : [];
  try {
    await linesOf([...args, '--device', around.device, ...beside], Math.round(Math.min(around.left, seconds)), lines);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const minutes = numberOption('minutes', values.minutes);
  const start = performance.now();
  const note = async (text: string): Promise<void> => {
    console.log(text);
    if (values.out !== undefined) await appendFile(values.out, `${text}\n`);
  };
  const machine = {
    gpu: nvidiaGpu('name', 'driver_version', 'memory.total')?.join(', ') ?? 'not of NVIDIA',
    device: values.device,
    node: process.version,
    date: new Date().toISOString(),
  };
  await note(JSON.stringify(machine));
  const rows: Row[] = [];
  for (const measurement of measurements.filter(({ name }) => name.includes(values.only))) {
    const left = minutes * 60 - secondsSince(start);
    const lines: Figures[] = [];
    const failure = await make(measurement, { device: values.device, python: values.python, left }, lines);
    for (const line of lines) await note(JSON.stringify({ measurement: measurement.name, ...line }));
    rows.push(rowOf(measurement, lines, failure));
    print({ measurement: measurement.name, ...(failure !== undefined && { failure }), seconds_since_the_start: secondsSince(start) });
  }
  await note([head, ...rows.map(lineOf)].join('\n'));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ ...machine, rows }, undefined, 2)}\n`);
  const failed = rows.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return;
  console.error([`${failed.length} of ${rows.length} measurements failed:`, ...failed.map(reasonOf)].join('\n'));
  process.exitCode = 1;
}

/** A failure in one line: the whole text is in the table. */
function reasonOf({ name, failure = '' }: Row): string {
  const [first] = failure.replace(/^Error: /, '').split('\n');
  return `- ${name}: ${first}`;
}
