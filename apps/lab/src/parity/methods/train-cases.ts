// Cases of kinds train and grad: losses, gradient norms, gradients and results of a few steps of one method.
import { DDPMScheduler, modelOfFolder } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import {
  createTrainStep,
  dualBindingWeights,
  loadTrainableWeights,
  minSnrWeights,
  trainStepFeeds,
  type TrainStep,
} from '@styleforge/styleforge';
import { type DiffusersFolder, type TensorReader } from '@styleforge/weights';
import { largestMagnitude, worstCase, type CaseResult, type Pair } from '../case-result.ts';
import { leastGradient, recordCase, tolerances, updateCase, type StepRecord } from '../training-cases.ts';
import { type CaseInputs, type MethodCase, type TrainCase } from './method-case.ts';
import { methodAdaptation, type MethodAdaptation } from './method-adaptation.ts';
import { imagesOf, textFeeds, textTokens } from './reference-inputs.ts';

interface OpenRun {
  readonly train: TrainCase;
  readonly checkpoint: DiffusersFolder;
  readonly reference: TensorReader;
  readonly adaptation: MethodAdaptation;
  readonly step: TrainStep;
  readonly endId: number;
}

/** A reference with a single batch has no batch number in its names. */
const nameIn =
  (reference: TensorReader, index: number) =>
  (name: string): string =>
    reference.has(`${index}.latents`) ? `${index}.${name}` : name;

async function openStep({ folder, methods }: CaseInputs, train: TrainCase): Promise<OpenRun> {
  const checkpoint = await folder.checkpoint(train.checkpoint);
  const reference = await folder.tensors(train.file);
  const adaptation = methodAdaptation(train, reference);
  const batchSize = train.n_style_ref + train.n_aux;
  const [, channels, height, width] = reference.info(nameIn(reference, 0)('latents')).shape;
  const [beta1, beta2, epsilon] = train.adam ?? [0.9, 0.999, 1e-8];
  const step = await createTrainStep({
    model: modelOfFolder(checkpoint),
    batchSize,
    promptCount: batchSize,
    tokenCount: textTokens(reference, nameIn(reference, 0)),
    latentShape: [channels, height, width],
    trainsText: true,
    adaptation,
    frozenWeights: (frozen) => loadTrainableWeights(checkpoint, frozen),
    adamw: { beta1, beta2, epsilon },
  });
  const isStored = (name: string): boolean => reference.has(`initial.${adaptation.storedName(name)}`);
  await loadTrainableWeights(checkpoint, step.weights, (name) => !isStored(name));
  for (const [name, values] of step.weights.entries())
    if (isStored(name)) values.set(await reference.read(`initial.${adaptation.storedName(name)}`));
  return { train, checkpoint, reference, adaptation, step, endId: methods.end_id };
}

async function backward({ train, checkpoint, reference, step, endId }: OpenRun, index: number): Promise<Omit<StepRecord, 'grad_norm'>> {
  const { n_style_ref: styleRef, n_aux: aux, lambda, instance_weight: instance = 1, prior_weight: prior } = train;
  const ofStep = nameIn(reference, index);
  const timesteps = await reference.read(ofStep('timesteps'));
  const [model, noiseScheduler] = [modelOfFolder(checkpoint), new DDPMScheduler(checkpoint.schedulerConfig)];
  const snrWeights = train.snr_gamma ? minSnrWeights(noiseScheduler, timesteps, train.snr_gamma) : undefined;
  const auxWeight = prior ?? lambda;
  const weights = dualBindingWeights(styleRef, aux, auxWeight, snrWeights);
  const feeds = trainStepFeeds(model, noiseScheduler, {
    latents: await reference.read(ofStep('latents')),
    noise: await reference.read(ofStep('noise')),
    timesteps,
    text: await textFeeds(model, reference, endId, ofStep),
    images: await imagesOf(reference, ofStep),
    promptOfSample: Int32Array.from(timesteps, (_, i) => i),
    sampleWeights: weights.map((weight, i) => (i < styleRef ? instance * weight : weight)),
  });
  const { sampleLosses: losses } = await step.backward(feeds);
  const meanOf = (from: number, to: number): number => {
    const part = losses.slice(from, to).map((loss, i) => loss * (snrWeights?.[from + i] ?? 1));
    return part.reduce((sum, loss) => sum + loss, 0) / Math.max(1, part.length);
  };
  const [styleRefLoss, auxLoss] = [meanOf(0, styleRef), meanOf(styleRef, losses.length)];
  return { loss: instance * styleRefLoss + auxWeight * auxLoss, style_ref_loss: styleRefLoss, aux_loss: auxLoss };
}

/** Pairs the reference's tensors under `prefix` with the engine's. Tensors without a path to the loss in the reference may be absent. */
async function pairs(prefix: string, { train, reference, adaptation }: OpenRun, ours: ParameterBuffers): Promise<Pair[]> {
  const names = new Map(ours.specs.map(({ name }) => [adaptation.storedName(name), name]));
  const found: Pair[] = [];
  for (const stored of reference.names().filter((name) => name.startsWith(prefix))) {
    const name = stored.slice(prefix.length);
    const known = names.get(name);
    if (known !== undefined) found.push({ name, ours: ours.get(known).slice(), theirs: await reference.read(stored) });
    else if (!train.without_path.includes(name)) throw new Error(`nothing is trained here that the reference calls ${name}`);
    names.delete(name);
  }
  const [extra] = names.keys();
  if (extra !== undefined) throw new Error(`the reference has no ${prefix}${extra}`);
  return found;
}

async function gradientCase(name: string, run: OpenRun): Promise<CaseResult> {
  const prefix = run.reference.names().some((stored) => stored.startsWith('grad0.')) ? 'grad0.' : 'grad.';
  const all = await pairs(prefix, run, await run.step.readGradients());
  const compared = all.filter(({ theirs }) => largestMagnitude(theirs) >= leastGradient);
  return worstCase(name, compared, tolerances.gradient, { left_out: all.length - compared.length });
}

export async function* trainCases(inputs: CaseInputs): AsyncGenerator<CaseResult> {
  const { name, methods } = inputs;
  const run = await openStep(inputs, methods.cases[name] as TrainCase);
  const { train, step } = run;
  try {
    const initial = new Map([...step.weights.entries()].map(([tensor, values]) => [run.adaptation.storedName(tensor), values.slice()]));
    const records: StepRecord[] = [];
    for (let index = 0; index < train.steps; index++) {
      const losses = await backward(run, index);
      if (index === 0) yield await gradientCase(`${name}.grad0`, run);
      const { gradNorm } = await step.update({ learningRate: 1, weightDecay: 0, maxGradNorm: train.max_grad_norm });
      records.push({ ...losses, grad_norm: gradNorm });
    }
    yield recordCase(`${name}.losses`, ['loss', 'style_ref_loss', 'aux_loss'], records, [...train.records], tolerances.loss);
    yield recordCase(`${name}.grad_norms`, ['grad_norm'], records, [...train.records], tolerances.gradNorm);
    yield updateCase(`${name}.final`, await pairs('final.', run, step.weights), initial);
  } finally {
    await step.release();
  }
}

/** Compares only gradients, for the case's own batch, or for the batch and tensors of the training case with the same file. */
export async function* gradientCases(inputs: CaseInputs): AsyncGenerator<CaseResult> {
  const { name, methods } = inputs;
  const own = methods.cases[name];
  const train = 'method' in own ? own : Object.values(methods.cases).find((other) => other.kind === 'train' && other.file === own.file);
  if (!train) throw new Error(`there is no training case with the file ${own.file}`);
  const run = await openStep(inputs, train as TrainCase);
  try {
    const losses = await backward(run, 0);
    const { record } = own as MethodCase & { readonly record?: StepRecord };
    if (record)
      yield recordCase(
        `${name}.losses`,
        ['loss', 'style_ref_loss', 'aux_loss'],
        [{ ...losses, grad_norm: NaN }],
        [record],
        tolerances.loss,
      );
    yield await gradientCase(name, run);
  } finally {
    await run.step.release();
  }
}
