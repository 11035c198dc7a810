// npm run bench -- first-run: checks a device before anything is measured on it, one line for each check; fails at the end if a check
// failed. Where the device cannot be used, it says why and runs no other check.
import { checkDevice, describeDevice, type CompileOptions, type DeviceName, type ParameterBuffers } from '@styleforge/runtime';
import { DEVICES } from '@styleforge/contracts';
import { readCommandLine } from '../../command-line.ts';
import { choiceOption } from '../../options.ts';
import { attentionDistances } from '../engine/attention-check.ts';
import { geometryOf } from '../engine/geometries.ts';
import { print } from '../process.ts';
import { fillRandom } from '../engine/random-weights.ts';
import { mean } from '../statistics.ts';
import { createStep, feedsFor } from '../engine/train-step.ts';

const STEPS = 4;
const tiny = geometryOf('tiny');

interface Trained {
  readonly weights: ParameterBuffers;
  readonly losses: readonly number[];
}

async function trained(compile: CompileOptions): Promise<Trained> {
  const step = await createStep(tiny, compile);
  fillRandom(step.weights);
  const losses: number[] = [];
  for (let index = 0; index < STEPS; index++) {
    const { sampleLosses } = await step.backward(feedsFor(tiny, index));
    losses.push(mean(sampleLosses));
    await step.update({ learningRate: 1e-4, weightDecay: 1e-2, maxGradNorm: 1 });
  }
  await step.download();
  await step.release();
  return { weights: step.weights, losses };
}

/**
 * Throws where losses differ by more than `bound` of their size. Weights are not compared: AdamW turns rounding of gradients near zero
 * into whole steps.
 */
function expectNear(bound: number, a: Trained, b: Trained): object {
  const largest = Math.max(...a.losses.map((loss, i) => Math.abs(loss / b.losses[i] - 1)));
  if (!(largest <= bound)) throw new Error(`the losses differ by ${largest} of their size, more than ${bound}`);
  return { losses: largest };
}

function expectEqual(a: Trained, b: Trained): object {
  let different = 0;
  for (const [name, values] of b.weights.entries()) {
    const own = a.weights.get(name);
    for (let i = 0; i < values.length; i++) if (own[i] !== values[i]) different += 1;
  }
  if (different > 0) throw new Error(`${different} weights differ`);
  return { different };
}

/** A title, and a function that returns its observation, or throws. */
type Check = readonly [string, () => Promise<object>];

/** The check that all others need. */
const availability = (device: DeviceName): Check => [
  'the device is available and computes correctly',
  async () => (await checkDevice(device), { ...describeDevice(device) }),
];

function furtherChecks(device: DeviceName): readonly Check[] {
  const exact = { device, tf32: false };
  return [
    ['it computes in float16', async () => (await checkDevice(device, { mixedPrecision: true }), {})],
    ['a training equals that of the processor', async () => expectNear(1e-3, await trained(exact), await trained({ device: 'cpu' }))],
    [
      'a recorded pass equals one that is not, to the bit',
      async () => expectEqual(await trained(exact), await trained({ ...exact, records: false })),
    ],
    ['a training repeats itself to the bit', async () => expectEqual(await trained(exact), await trained(exact))],
    [
      'recomputation and hidden shapes train the same',
      async () => expectNear(1e-3, await trained({ ...exact, keepMemory: false }), await trained(exact)),
    ],
    [
      'gradients by kernels of our own equal those of several operations',
      async () => expectNear(1e-3, await trained({ ...exact, gradientKernels: 'activations' }), await trained(exact)),
    ],
    [
      "attention's gradient without scores in memory stays near, and in float16",
      async () => {
        const own = { device, gradientKernels: 'all' } as const;
        const [tf32, half] = [await attentionDistances(own), await attentionDistances({ ...own, mixedPrecision: true })];
        const largest = Math.max(...Object.values(tf32), ...Object.values(half));
        if (!(largest <= 2e-2)) throw new Error(`gradients differ by ${largest} of their size, more than 0.02`);
        return { tf32, float16: half };
      },
    ],
    [
      'TF32 and float16 stay near',
      async () => {
        const reference = await trained(exact);
        const [tf32, half] = [await trained({ device, tf32: true }), await trained({ device, mixedPrecision: true })];
        return { tf32: expectNear(2e-2, tf32, reference), float16: expectNear(2e-2, half, reference) };
      },
    ],
  ];
}

/** Prints the observation of a check, or why it failed. Returns the reason of a failure. */
async function failureOf([what, check]: Check): Promise<string | null> {
  try {
    print({ what, ...(await check()) });
    return null;
  } catch (error) {
    const failed = (error as Error).message;
    print({ what, failed });
    return failed;
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

const program = {
  usage: 'npm run bench -- first-run',
  about: 'Checks step by step whether a device can train.',
  options: { device: { type: 'string', default: 'cuda', help: `device: ${DEVICES.join(', ')}` } },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const device = choiceOption('device', values.device, DEVICES);
  const further = furtherChecks(device);
  const refusal = await failureOf(availability(device));
  if (refusal !== null) return fail(`${refusal}\nThe other ${further.length} checks were not run.`);
  const failures: string[] = [];
  for (const check of further) {
    const failure = await failureOf(check);
    if (failure !== null) failures.push(failure);
  }
  if (failures.length > 0) fail(`${failures.length} of ${further.length + 1} checks failed`);
}
