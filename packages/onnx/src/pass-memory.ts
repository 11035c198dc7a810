// Calculates how much device memory the values of a pass need: the model is written, and onnxruntime's memory planning is repeated on it.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type EmitOptions, writeModel } from './emit.ts';
import { type FloatPrecision } from './file/model-builder.ts';
import { type Target } from './lowering/index.ts';
import { nodesAsRun } from './memory/model.ts';
import { memoryOfRuns } from './memory/run.ts';
import { valuesOf } from './memory/values.ts';

/** The device memory that a pass needs. */
export interface PassMemory {
  /** Bytes that onnxruntime's arena takes for values, without inputs, parameters and outputs, and without the memory of libraries. */
  readonly bytes: number;
  /** Weights that the pass reads, by name, with the precisions in which the device stores each. */
  readonly weights: ReadonlyMap<string, readonly FloatPrecision[]>;
}

/** The memory of a pass. `options`: those with which the device writes the graph. */
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
