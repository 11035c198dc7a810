// How much of a device's memory the values of a pass take: the model is written, and onnxruntime's planning of its memory is repeated on it.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type EmitOptions, writeModel } from './emit.ts';
import { type Target } from './lowering/index.ts';
import { nodesAsRun } from './memory/model.ts';
import { memoryOfRuns } from './memory/run.ts';
import { valuesOf } from './memory/values.ts';

/**
 * Bytes that onnxruntime's arena takes for the values of a pass, without inputs, parameters and outputs, whose memory others keep, and without what
 * libraries take for themselves.
 */
export function passMemory(
  graph: Graph,
  wanted: Readonly<Record<string, Tensor>>,
  target: Target,
  options: Pick<EmitOptions, 'mixedPrecision' | 'hidesShapes' | 'ownKernels'> = {},
): number {
  const { builder } = writeModel(graph, wanted, target, options);
  const { graph: model, types } = builder.finish();
  const knowsShapes = options.hidesShapes !== true;
  const { nodes, constants } = nodesAsRun(model, knowsShapes);
  const others = new Set([...constants, ...[...model.input, ...model.output].map(({ name }) => name!)]);
  return memoryOfRuns({ nodes, values: valuesOf(model, types), others, knowsShapes });
}
