// train.json: whole dual-binding runs, with losses, gradient norms, the gradients of step 0 and every parameter after the last step.
import { Graph } from '@styleforge/autodiff';
import { DDPMScheduler, modelOfFolder } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import {
  createTrainStep,
  dualBindingWeights,
  loadTrainableWeights,
  minSnrWeights,
  networkOf,
  trainStepFeeds,
  type TrainStep,
} from '@styleforge/styleforge';
import { componentOf, currentTextEncoderName, type DiffusersFolder, type TensorReader } from '@styleforge/weights';
import { guarded, largestMagnitude, worstCase, type CaseResult, type Pair } from './case-result.ts';
import { evaluate } from './evaluate.ts';
import { readIds, type ReferenceFolder } from './reference-folder.ts';

export const tolerances = { loss: 1e-5, gradNorm: 1e-4, gradient: 1e-4, update: 2e-3 };
/** Tensors whose reference gradient stays below this are rounding noise. */
export const leastGradient = 1e-6;

export type RecordKey = 'loss' | 'style_ref_loss' | 'aux_loss' | 'grad_norm';
export type StepRecord = Record<RecordKey, number>;

interface Run {
  name: string;
  steps: number;
  lambda: number;
  max_grad_norm: number | null;
  learning_rate: number;
  weight_decay: number;
  adam: [number, number, number];
  n_style_ref: number;
  n_aux: number;
  snr_gamma: number | null;
  records: StepRecord[];
}

/** latents = (mean + std * posterior noise) * scaling factor */
async function encodeLatents(checkpoint: DiffusersFolder, reference: TensorReader, step: number): Promise<Float32Array> {
  const graph = new Graph();
  const { vae } = modelOfFolder(checkpoint);
  const posterior = vae.encode(graph, graph.input('pixel_values', reference.info(`${step}.pixel_values`).shape));
  const weights = await componentOf(checkpoint, 'vae').openWeights();
  const outputs = { mean: posterior.mean, logvar: posterior.logvar };
  const { mean, logvar } = await evaluate(graph, outputs, weights, { pixel_values: await reference.read(`${step}.pixel_values`) });
  await weights.close();
  const noise = await reference.read(`${step}.posterior_noise`);
  return mean.map((value, i) => (value + Math.exp(logvar[i] / 2) * noise[i]) * vae.config.scaling_factor);
}

function openTrainStep(checkpoint: DiffusersFolder, reference: TensorReader, run: Run): Promise<TrainStep> {
  const batchSize = run.n_style_ref + run.n_aux;
  const [, channels, height, width] = reference.info('0.noise').shape;
  const [beta1, beta2, epsilon] = run.adam;
  return createTrainStep({
    model: modelOfFolder(checkpoint),
    batchSize,
    promptCount: batchSize,
    tokenCount: reference.info('0.input_ids').shape[1],
    latentShape: [channels, height, width],
    trainsText: true,
    adamw: { beta1, beta2, epsilon },
  });
}

/** The engine's name of `grad0.*` or `final.*`. */
export function currentName(stored: string): string {
  const component = stored.slice(0, stored.indexOf('.') + 1);
  return networkOf(stored) === 'text-encoder' ? component + (currentTextEncoderName(stored.slice(component.length)) ?? '') : stored;
}

/** The reference's tensors under `prefix`; their names must be exactly those of the engine. */
export async function pairsUnder(prefix: string, reference: TensorReader, ours: ParameterBuffers): Promise<Pair[]> {
  const stored = reference.names().filter((name) => name.startsWith(prefix));
  const pairs = stored.map(async (name) => {
    const current = currentName(name.slice(prefix.length));
    return { name: current, ours: ours.get(current).slice(), theirs: await reference.read(name) };
  });
  const found = await Promise.all(pairs);
  const names = new Set(found.map(({ name }) => name));
  const missing = ours.specs.find(({ name }) => !names.has(name));
  if (found.length > 0 && missing) throw new Error(`the reference has no ${prefix}${missing.name}`);
  return found;
}

async function runStep(
  trainStep: TrainStep,
  checkpoint: DiffusersFolder,
  reference: TensorReader,
  run: Run,
  step: number,
): Promise<StepRecord> {
  const timesteps = await reference.read(`${step}.timesteps`);
  const noiseScheduler = new DDPMScheduler(checkpoint.schedulerConfig);
  const snrWeights = run.snr_gamma ? minSnrWeights(noiseScheduler, timesteps, run.snr_gamma) : undefined;
  const feeds = trainStepFeeds(modelOfFolder(checkpoint), noiseScheduler, {
    latents: await encodeLatents(checkpoint, reference, step),
    noise: await reference.read(`${step}.noise`),
    timesteps,
    text: { input_ids: await readIds(reference, `${step}.input_ids`) },
    images: [],
    promptOfSample: Int32Array.from(timesteps, (_, i) => i),
    sampleWeights: dualBindingWeights(run.n_style_ref, run.n_aux, run.lambda, snrWeights),
  });
  const { sampleLosses } = await trainStep.backward(feeds);
  const meanOf = (from: number, to: number): number => {
    const losses = sampleLosses.slice(from, to).map((loss, i) => loss * (snrWeights?.[from + i] ?? 1));
    return losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length);
  };
  const [styleRefLoss, auxLoss] = [meanOf(0, run.n_style_ref), meanOf(run.n_style_ref, sampleLosses.length)];
  return { loss: styleRefLoss + run.lambda * auxLoss, style_ref_loss: styleRefLoss, aux_loss: auxLoss, grad_norm: NaN };
}

export function recordCase(
  name: string,
  keys: readonly RecordKey[],
  ours: StepRecord[],
  theirs: StepRecord[],
  tolerance: number,
): CaseResult {
  const pairs = theirs.flatMap((record, step) =>
    keys.map((key) => ({ name: `${step}.${key}`, ours: [ours[step][key]], theirs: [record[key]] })),
  );
  return worstCase(name, pairs, tolerance);
}

/** |our final - their final| over |their final - initial|, both over all parameters. */
export function updateCase(name: string, finals: Pair[], initial: ReadonlyMap<string, Float32Array>): CaseResult {
  let [difference, update, maxAbs] = [0, 0, 0];
  for (const { name: parameter, ours, theirs } of finals) {
    const before = initial.get(parameter)!;
    for (let i = 0; i < theirs.length; i++) {
      difference += (ours[i] - theirs[i]) ** 2;
      update += (theirs[i] - before[i]) ** 2;
      maxAbs = Math.max(maxAbs, Math.abs(ours[i] - theirs[i]));
    }
  }
  const [differenceNorm, updateNorm] = [Math.sqrt(difference), Math.sqrt(update)];
  const ratio = differenceNorm / updateNorm;
  return {
    case: name,
    max_abs: maxAbs,
    max_rel: ratio,
    tolerance: tolerances.update,
    ok: ratio <= tolerances.update,
    difference_norm: differenceNorm,
    update_norm: updateNorm,
  };
}

async function* trainingRun(folder: ReferenceFolder, checkpoint: DiffusersFolder, run: Run): AsyncGenerator<CaseResult> {
  const reference = await folder.tensors(`train-${run.name}.safetensors`);
  const label = `train.${run.name}`;
  const trainStep = await openTrainStep(checkpoint, reference, run);
  try {
    await loadTrainableWeights(checkpoint, trainStep.weights);
    const initial = new Map([...trainStep.weights.entries()].map(([name, values]) => [name, values.slice()]));
    const records: StepRecord[] = [];
    let firstGradients: Pair[] = [];
    for (let step = 0; step < run.steps; step++) {
      const record = await runStep(trainStep, checkpoint, reference, run, step);
      if (step === 0) firstGradients = await pairsUnder('grad0.', reference, await trainStep.readGradients());
      const { gradNorm } = await trainStep.update({
        learningRate: run.learning_rate,
        weightDecay: run.weight_decay,
        maxGradNorm: run.max_grad_norm,
      });
      records.push({ ...record, grad_norm: gradNorm });
    }
    yield recordCase(`${label}.losses`, ['loss', 'style_ref_loss', 'aux_loss'], records, run.records, tolerances.loss);
    yield recordCase(`${label}.grad_norms`, ['grad_norm'], records, run.records, tolerances.gradNorm);
    if (firstGradients.length > 0) {
      const compared = firstGradients.filter(({ theirs }) => largestMagnitude(theirs) >= leastGradient);
      const leftOut = firstGradients.length - compared.length;
      yield worstCase(`${label}.grad0`, compared, tolerances.gradient, { left_out: leftOut });
    }
    yield updateCase(`${label}.final`, await pairsUnder('final.', reference, trainStep.weights), initial);
  } finally {
    await trainStep.release();
  }
}

export async function* trainingCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const checkpoint = await folder.checkpoint();
  const { runs } = await folder.json<{ runs: Run[] }>('train.json');
  for (const run of runs) yield* guarded(`train.${run.name}`, trainingRun(folder, checkpoint, run));
}
