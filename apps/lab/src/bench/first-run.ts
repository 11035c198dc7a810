// npm run bench -- first-run: what has to be true of a device before anything is measured on it, each in a line; fails in the end where something is not.
import { checkDevice, describeDevice, type CompileOptions, type DeviceName, type ParameterBuffers } from '@styleforge/runtime';
import { DEVICES } from '@styleforge/contracts';
import { parseArgs } from 'node:util';
import { choiceOption } from '../options.ts';
import { geometryOf } from './geometries.ts';
import { print } from './process.ts';
import { fillRandom } from './random-weights.ts';
import { createStep, feedsFor } from './train-step.ts';

const STEPS = 4;
const tiny = geometryOf('tiny');

async function weightsAfter(compile: CompileOptions): Promise<ParameterBuffers> {
  const step = await createStep(tiny, compile);
  fillRandom(step.weights);
  for (let index = 0; index < STEPS; index++) {
    await step.backward(feedsFor(tiny, index));
    await step.update({ learningRate: 1e-4, weightDecay: 1e-2, maxGradNorm: 1 });
  }
  await step.download();
  await step.release();
  return step.weights;
}

/** Euclidean distance over the length of `b`. */
function distance(a: ParameterBuffers, b: ParameterBuffers): number {
  let [difference, length] = [0, 0];
  for (const [name, values] of b.entries())
    a.get(name).forEach((value, i) => {
      difference += (value - values[i]) ** 2;
      length += values[i] ** 2;
    });
  return Math.sqrt(difference / length);
}

function expectBelow(bound: number, value: number): object {
  if (!(value <= bound)) throw new Error(`the weights differ by ${value} of their length, more than ${bound}`);
  return { distance: value };
}

/** Checks by what each finds out; a check gives what it saw, or throws. */
function checksOf(device: DeviceName): readonly (readonly [string, () => Promise<object>])[] {
  const exact = { device, tf32: false };
  return [
    ['the device is there and computes', async () => (await checkDevice(device), { ...describeDevice(device) })],
    ['it computes in float16', async () => (await checkDevice(device, { mixedPrecision: true }), {})],
    [
      'a training equals that of the processor',
      async () => expectBelow(1e-5, distance(await weightsAfter(exact), await weightsAfter({ device: 'cpu' }))),
    ],
    [
      'a recorded pass equals one that is not, to the bit',
      async () => expectBelow(0, distance(await weightsAfter(exact), await weightsAfter({ ...exact, records: false }))),
    ],
    ['a training repeats itself to the bit', async () => expectBelow(0, distance(await weightsAfter(exact), await weightsAfter(exact)))],
    [
      'recomputation and hidden shapes train the same',
      async () => expectBelow(1e-5, distance(await weightsAfter({ ...exact, keepMemory: false }), await weightsAfter(exact))),
    ],
    [
      'TF32 and float16 stay near',
      async () => {
        const reference = await weightsAfter(exact);
        const [tf32, half] = [await weightsAfter({ device, tf32: true }), await weightsAfter({ device, mixedPrecision: true })];
        return { tf32: expectBelow(1e-3, distance(tf32, reference)), float16: expectBelow(1e-3, distance(half, reference)) };
      },
    ],
  ];
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { device: { type: 'string', default: 'cuda' } } });
  const device = choiceOption('device', values.device, DEVICES);
  let failures = 0;
  for (const [what, check] of checksOf(device)) {
    try {
      print({ what, ...(await check()) });
    } catch (error) {
      failures += 1;
      print({ what, failed: (error as Error).message });
    }
  }
  if (failures > 0) throw new Error(`${failures} of ${checksOf(device).length} checks failed`);
}
