// Estimates how much device memory the values of a pass need.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type PassMemory, passMemory as passMemoryOn } from '@styleforge/onnx';
import { type DeviceName } from '../devices/device.ts';
import { type CompileOptions } from '../programs/session.ts';
import { deviceOf } from '../devices/index.ts';
import { ownKernelsOf } from '../devices/own-kernels.ts';

/** The peak number of bytes, without inputs, weights and outputs. Estimated from the graph alone. */
export const passMemory = (
  graph: Graph,
  wanted: Readonly<Record<string, Tensor>>,
  device: DeviceName,
  compile: Pick<CompileOptions, 'mixedPrecision' | 'keepMemory' | 'gradientKernels'> = {},
): PassMemory =>
  passMemoryOn(graph, wanted, deviceOf(device).target, {
    mixedPrecision: compile.mixedPrecision,
    halfWeights: deviceOf(device).precisions.halfWeights,
    hidesShapes: compile.keepMemory === false,
    ownKernels: ownKernelsOf(deviceOf(device), compile),
  });
