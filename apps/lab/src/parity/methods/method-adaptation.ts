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
  /** The reference's name of one of our trained parameters. */
  storedName(name: string): string;
}

type Create = (
  train: TrainCase,
  reference: TensorReader,
) => Pick<MethodAdaptation, 'adapter'> & {
  readonly trains: (name: string) => boolean;
};

const componentOf = (name: string): string => name.slice(0, name.indexOf('.'));

const lora: Create = (train) => {
  const { rank, alpha, unet_targets: unet, text_encoder_targets: text } = train as TrainCase & Record<string, never>;
  const endsWithOneOf = (name: string, endings: readonly string[]): boolean => endings.some((ending) => name.endsWith(`.${ending}`));
  return {
    trains: (name) => /\.lora_[AB]\.weight$/.test(name),
    adapter: {
      layer: (graph, layer) =>
        endsWithOneOf(layer.name, componentOf(layer.name) === 'unet' ? unet : text)
          ? addLowRank(graph, layer, { rank, alpha })
          : layer.output,
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
    // files name text encoders' tensors as transformers before 5 did
    storedName: (name) => {
      if (isNewRows(name)) return `${componentOf(name)}.new_rows`;
      return ['initial', 'grad'].some((part) => reference.has(`${part}.${name}`))
        ? name
        : name.replace(/^(text_encoder\w*)\./, '$1.text_model.');
    },
  };
}
