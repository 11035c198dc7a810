// How much of a device's memory the values of a pass take: the model is written, and onnxruntime's planning of its memory is repeated on it.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type EmitOptions, writeModel } from './emit.ts';
import { type FloatPrecision } from './file/model-builder.ts';
import { type Target } from './lowering/index.ts';
import { nodesAsRun } from './memory/model.ts';
import { memoryOfRuns } from './memory/run.ts';
import { valuesOf } from './memory/values.ts';

/** What a pass needs in a device's memory. */
export interface PassMemory {
  /** Bytes that onnxruntime's arena takes for values, without inputs, parameters and outputs, and without what libraries take for themselves. */
  readonly bytes: number;
  /** The weights that the pass reads, by name, and the precisions that the device stores each in. */
  readonly weights: ReadonlyMap<string, readonly FloatPrecision[]>;
}

/** `options`: as the device has the graph written. */
export function passMemory(
  graph: Graph,
  wanted: Readonly<Record<string, Tensor>>,
  target: Target,
  options: Pick<EmitOptions, 'mixedPrecision' | 'halfWeights' | 'hidesShapes' | 'ownKernels'> = {},
): PassMemory {
  const { builder, emission } = writeModel(graph, wanted, target, options);
  const { graph: model, types } = builder.finish();
  const knowsShapes = options.hidesShapes !== true;
  const { nodes, constants } = nodesAsRun(model, knowsShapes);
  const others = new Set([...constants, ...[...model.input, ...model.output].map(({ name }) => name!)]);
  const bytes = memoryOfRuns({ nodes, values: valuesOf(model, types), others, knowsShapes });
  return { bytes, weights: emission.weights };
}
