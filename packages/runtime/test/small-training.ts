// Ten updates of a small model with every kind of layer.
import { Graph } from '@styleforge/autodiff';
import {
  splitParameters,
  TrainingProgram,
  type AdamWOptions,
  type CompileOptions,
  type ParameterBuffers,
  type GradientPrecision,
  type LossScaleState,
} from '@styleforge/runtime';

function fill(values: Float32Array, frequency: number): Float32Array {
  return values.map((_, i) => 0.3 * Math.sin(1 + i * frequency));
}

const coarse = (values: Float32Array): Float32Array => values.map((value) => Math.round(value * 1024) / 1024);

export interface Trained {
  readonly weights: ParameterBuffers;
  /** Losses of every pass. */
  readonly losses: number[];
  /** Norms of every update. */
  readonly norms: number[];
  readonly overflows: number;
  readonly lossScale: LossScaleState | null;
}

export interface TrainedOptions extends CompileOptions {
  readonly gradientPrecision?: GradientPrecision;
  readonly ratesOf?: AdamWOptions['ratesOf'];
  /** Names of weights. Default: all. */
  readonly trainable?: readonly string[];
  /** Whether weights begin as numbers that float16 has as well. */
  readonly isCoarse?: boolean;
}

/** `firstLossScale`: the initial loss scale, if there is one. */
export async function trained(
  { gradientPrecision, ratesOf, trainable, isCoarse = false, ...compile }: TrainedOptions,
  passes: number,
  firstLossScale?: number,
): Promise<Trained> {
  const graph = new Graph();
  const x = graph.input('x', [2, 4, 16, 16]);
  let y = graph.silu(graph.conv2d(x, graph.parameter('conv', [8, 4, 3, 3]), graph.parameter('bias', [8]), { pads: [1, 1, 1, 1] }));
  y = graph.conv2d(y, graph.parameter('down', [8, 8, 3, 3]), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  const sequence = graph.transpose(graph.reshape(graph.conv2d(y, graph.parameter('point', [8, 8, 1, 1])), [2, 8, 64]), [0, 2, 1]);
  const out = graph.linear(graph.standardize(sequence, 1e-5), graph.parameter('linear', [4, 8]));
  const loss = graph.reduceMean(graph.square(graph.sub(out, graph.input('target', [2, 64, 4]))), [0, 1, 2]);
  const names = [...graph.parameters.keys()];
  const { trainable: weights, frozen } = splitParameters(graph, new Set(trainable ?? names));
  for (const [name, values] of [...weights.entries(), ...frozen.entries()]) {
    const filled = fill(values, 0.7 + 0.1 * names.indexOf(name));
    values.set(isCoarse ? coarse(filled) : filled);
  }
  const program = await TrainingProgram.create({
    graph,
    loss,
    outputs: { loss },
    trainable: weights,
    frozen: frozen.entries(),
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ratesOf },
    gradientPrecision,
    compile,
  });
  if (firstLossScale !== undefined) program.lossScale!.restore({ value: firstLossScale, steps: 0 });
  const [losses, norms]: number[][] = [[], []];
  let overflows = 0;
  while (norms.length < 10) {
    const step = norms.length;
    for (let pass = 0; pass < passes; pass++) {
      const feeds = { x: fill(new Float32Array(2048), 0.3 + 0.01 * step + 0.2 * pass), target: fill(new Float32Array(512), 0.9) };
      losses.push((await program.backward(feeds)).loss[0]);
    }
    const { gradNorm, overflowed } = await program.update({ learningRate: 1e-2, weightDecay: 1e-2, maxGradNorm: 0.5 });
    if (overflowed) overflows += 1;
    else norms.push(gradNorm);
  }
  await program.download();
  await program.release();
  return { weights, losses, norms, overflows, lossScale: program.lossScale?.state ?? null };
}

/** Distance of all weights together, relative to `b`. */
export function distance(a: ParameterBuffers, b: ParameterBuffers): number {
  let [difference, size] = [0, 0];
  for (const { name } of a.specs)
    a.get(name).forEach((value, i) => {
      difference += (value - b.get(name)[i]) ** 2;
      size += value ** 2;
    });
  return Math.sqrt(difference / size);
}
