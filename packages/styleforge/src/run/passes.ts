// The passes of one update: drawn in order, and run on as many devices at a time as there are.
import { type Feeds } from '@styleforge/diffusion';
import { type BatchSource, drawBatches } from '../data/batches.ts';
import { type PromptRows } from '../data/prompts.ts';
import { type ShapedStep } from '../loss/shaped-step.ts';
import { type TrainStep, trainStepFeeds } from '../loss/train-step.ts';

export interface Losses {
  /** styleRefLoss + lambda * auxLoss */
  readonly loss: number;
  readonly styleRefLoss: number;
  /** null without an Aux part */
  readonly auxLoss: number | null;
}

export interface PassSource {
  readonly source: BatchSource;
  readonly shapes: ShapedStep;
  readonly prompts: PromptRows;
}

/** The part of a pass that one graph computes. */
interface Part {
  readonly feeds: Feeds;
  readonly graph: string | undefined;
  readonly styleRefCount: number;
}

/** Means over the samples of each kind. */
interface PassLosses {
  readonly styleRef: number;
  readonly aux: number;
}

async function prepare({ source, shapes, prompts }: PassSource, pass: number): Promise<Part[]> {
  const { networks, noiseScheduler } = source.model;
  const parts: Part[] = [];
  for (const { read, shape, styleRefCount, ...batch } of await drawBatches(source, pass)) {
    const feeds = trainStepFeeds(networks, noiseScheduler, { ...batch, text: prompts.feed(read) });
    parts.push({ feeds, styleRefCount, graph: await shapes.graphOf(shape) });
  }
  return parts;
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

async function make(step: TrainStep, parts: readonly Part[], replica: number): Promise<PassLosses> {
  let [styleRef, aux] = [0, 0];
  for (const [place, { feeds, graph, styleRefCount }] of parts.entries()) {
    const { sampleLosses } = await step.backward(feeds, { graph, replica, isPart: place < parts.length - 1 });
    styleRef += mean(sampleLosses.subarray(0, styleRefCount));
    aux += mean(sampleLosses.subarray(styleRefCount));
  }
  return { styleRef, aux };
}

/** Runs the passes of the update after `globalStep` and sums their gradients. */
export async function makePasses(from: PassSource, globalStep: number): Promise<Losses> {
  const { config } = from.source;
  const { gradient_accumulation_steps: passes } = config.hyperparameters;
  const { step } = from.shapes;
  let [styleRefLoss, auxLoss] = [0, 0];
  for (let first = 0; first < passes; first += step.replicas) {
    const started: Promise<PassLosses>[] = [];
    for (let replica = 0; replica < step.replicas && first + replica < passes; replica++)
      started.push(make(step, await prepare(from, globalStep * passes + first + replica), replica));
    for (const { styleRef, aux } of await Promise.all(started)) {
      styleRefLoss += styleRef / passes;
      auxLoss += aux / passes;
    }
  }
  return { loss: styleRefLoss + (config.aux?.weight ?? 0) * auxLoss, styleRefLoss, auxLoss: config.aux ? auxLoss : null };
}
