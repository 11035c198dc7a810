// Training and sampling graphs of a geometry as ONNX files without weights, to detect unintended changes of the engine.
import { type Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { DEVICES, type DeviceName } from '@styleforge/contracts';
import { conditionShapes, type TextEncoder } from '@styleforge/diffusion';
import { emitOnnx, type EmitOptions } from '@styleforge/onnx';
import { deviceOf, graphFor } from '@styleforge/runtime';
import { trainStepGraph } from '@styleforge/styleforge';
import { type Geometry, modelOfGeometry } from '../bench/engine/geometries.ts';

export interface GraphCase {
  readonly name: string;
  readonly emit: () => Uint8Array;
}

interface TrainingVariant {
  readonly recompute: boolean;
  readonly mixedPrecision: boolean;
  readonly halfGradients: boolean;
}

/** Options with which the runtime writes a graph: shapes are hidden if memory is to be freed early. */
function emitOptions(device: DeviceName, keepMemory: boolean): EmitOptions {
  return { hidesShapes: !keepMemory, halfWeights: deviceOf(device).precisions.halfWeights };
}

function trainingModel(geometry: Geometry, device: DeviceName, { recompute, mixedPrecision, halfGradients }: TrainingVariant): Uint8Array {
  const model = modelOfGeometry(geometry);
  const { graph, loss, sampleLosses } = trainStepGraph({
    model,
    batchSize: geometry.batchSize,
    promptCount: 2,
    tokenCount: model.textEncoders[0].model.config.max_position_embeddings,
    latentShape: geometry.latentShape,
    trainsText: true,
    compile: { device },
    gradientCheckpointing: recompute,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  });
  const scale = mixedPrecision || halfGradients ? graph.input('loss_scale', []) : undefined;
  const computed = gradients(graph, loss, [...graph.parameters.values()], scale);
  const named = Object.fromEntries([...graph.parameters.keys()].map((name, i) => [`gradient:${name}`, computed[i]]));
  const options = emitOptions(device, deviceOf(device).keepsMemory && !recompute);
  const float16 = halfGradients ? Object.keys(named) : [];
  return emitOnnx(graph, { sampleLosses, ...named }, device, { ...options, mixedPrecision, float16 }).bytes;
}

function samplingModel(device: DeviceName, build: (graph: Graph) => Record<string, Tensor>): Uint8Array {
  const graph = graphFor(device);
  return emitOnnx(graph, build(graph), device, emitOptions(device, deviceOf(device).keepsMemory)).bytes;
}

const textPart =
  (encoder: TextEncoder) =>
  (graph: Graph): Record<string, Tensor> => {
    const inputs = encoder.inputs(graph, 1, encoder.model.config.max_position_embeddings);
    const [hidden, ...others] = Object.entries(encoder.encode(graph, inputs));
    return { hidden: hidden[1], ...Object.fromEntries(others) };
  };

function samplingCases(geometry: Geometry, device: DeviceName): GraphCase[] {
  const model = modelOfGeometry(geometry);
  const { vae } = model;
  const [, height, width] = geometry.latentShape;
  const pixels = [1, 3, height * vae.downsamplingFactor, width * vae.downsamplingFactor];
  const parts: Record<string, (graph: Graph) => Record<string, Tensor>> = {
    denoise: (graph) => {
      const sample = graph.input('sample', [2, ...geometry.latentShape]);
      const told = model.sampleInputs(graph, 2);
      const rows = Object.entries(conditionShapes(model)).map(([name, row]) => [name, graph.input(name, [2, ...row])] as const);
      return { prediction: model.denoise(graph, { sample, told, conditions: Object.fromEntries(rows) }) };
    },
    ...Object.fromEntries(model.textEncoders.map((encoder, i) => [i === 0 ? 'text' : `text ${i + 1}`, textPart(encoder)])),
    decode: (graph) => ({ pixels: vae.decode(graph, graph.input('latents', [1, ...geometry.latentShape])) }),
    encode: (graph) => ({ ...vae.encode(graph, graph.input('pixels', pixels)) }),
  };
  return Object.entries(parts).map(([part, build]) => ({ name: `${device} ${part}`, emit: () => samplingModel(device, build) }));
}

/** Every graph of a geometry that the service compiles, for every device. */
export function graphCases(geometry: Geometry): GraphCase[] {
  return DEVICES.flatMap((device) => {
    const variants = [false, true].flatMap((recompute) =>
      [
        { name: 'float32', recompute, mixedPrecision: false, halfGradients: false },
        { name: 'fp16', recompute, mixedPrecision: true, halfGradients: false },
        { name: 'float16 gradients', recompute, mixedPrecision: false, halfGradients: true },
      ].filter(({ halfGradients }) => !halfGradients || !deviceOf(device).isOptional),
    );
    const training = variants.map(({ name, ...variant }) => ({
      name: `${device} train ${name}${variant.recompute ? ', recomputed' : ''}`,
      emit: () => trainingModel(geometry, device, variant),
    }));
    return [...training, ...samplingCases(geometry, device)];
  });
}
