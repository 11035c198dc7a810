// The adaptation of a reference run: which tensors train and at which rates, as the run's JSON states it.
import {
  addBranch,
  addLowRank,
  detachFirstToken,
  isBranchParameter,
  isNewRows,
  withNewRows,
  type Adaptation,
} from '@styleforge/styleforge';
import { type TensorReader } from '@styleforge/weights';
import { type TrainCase } from './method-case.ts';

export interface MethodAdaptation extends Pick<Adaptation, 'adapter' | 'ratesOf'> {
  /** Converts the name of a trained parameter to the reference's name. */
  storedName(name: string): string;
}

type Create = (
  train: TrainCase,
  reference: TensorReader,
) => Pick<MethodAdaptation, 'adapter'> & {
  readonly trains: (name: string) => boolean;
};

const componentOf = (name: string): string => name.slice(0, name.indexOf('.'));

/** Files name text encoders' tensors as transformers before 5 did. */
const storedTensor = (reference: TensorReader, name: string): string =>
  ['initial', 'grad'].some((part) => reference.has(`${part}.${name}`)) ? name : name.replace(/^(text_encoder\w*)\./, '$1.text_model.');

interface LoraCase extends TrainCase {
  readonly alpha: number;
  /** Factor of the product of both matrices. Default: alpha over each layer's rank, or its root. */
  readonly scale?: number;
  readonly use_rslora?: boolean;
}

/** Layers with matrices in the reference, each with its own rank. */
const lora: Create = (train, reference) => {
  const { alpha, scale, use_rslora: isStabilized = false } = train as LoraCase;
  const rankOf = (layer: string): number | undefined => {
    const stored = storedTensor(reference, `${layer}.lora_A.weight`);
    return ['initial', 'grad'].flatMap((part) =>
      reference.has(`${part}.${stored}`) ? [reference.info(`${part}.${stored}`).shape[0]] : [],
    )[0];
  };
  const alphaOf = (rank: number): number => (scale === undefined ? alpha * (isStabilized ? Math.sqrt(rank) : 1) : scale * rank);
  return {
    trains: (name) => /\.lora_[AB]\.weight$/.test(name),
    adapter: {
      layer: (graph, layer) => {
        const rank = rankOf(layer.name);
        return rank === undefined ? layer.output : addLowRank(graph, layer, { rank, alpha: alphaOf(rank) });
      },
    },
  };
};

const textualInversion: Create = (train) => {
  const { new_ids: ids } = train as TrainCase & Record<string, never>;
  return {
    trains: isNewRows,
    adapter: { weight: (graph, name, shape) => withNewRows(graph, name, shape, (ids as readonly number[]).length) },
  };
};

const customDiffusion: Create = (train, reference) => {
  const { adapter } = textualInversion(train, reference);
  return {
    trains: (name) => isNewRows(name) || reference.has(`initial.${name}`),
    adapter: { ...adapter, layer: detachFirstToken },
  };
};

const styledrop: Create = (train) => {
  const { shared, bottleneck } = train as TrainCase & Record<string, never>;
  return { trains: isBranchParameter, adapter: { layer: (graph, layer) => addBranch(graph, layer, { shared, bottleneck }) } };
};

const full: Create = () => ({ trains: () => true });

const methods: Record<string, Create> = {
  full,
  styledrop,
  lora,
  'textual-inversion': textualInversion,
  'custom-diffusion': customDiffusion,
};

export function methodAdaptation(train: TrainCase, reference: TensorReader): MethodAdaptation {
  const create = methods[train.method];
  if (!create) throw new Error(`nothing here trains the method '${train.method}'`);
  const { adapter, trains } = create(train, reference);
  return {
    adapter,
    ratesOf: (name) => {
      if (!trains(name)) return null;
      const { learning_rate: learningRateScale, weight_decay: weightDecay } = train.groups?.[componentOf(name)] ?? {};
      return { learningRateScale, weightDecay };
    },
    storedName: (name) => (isNewRows(name) ? `${componentOf(name)}.new_rows` : storedTensor(reference, name)),
  };
}
