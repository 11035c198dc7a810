// Memory of a card that the images of a validation need during a training: their own weights, and the values of their passes.
import { elementCount, type Graph, type Tensor } from '@styleforge/autodiff';
import { adaptModels, conditionShapes, imagesPerRun } from '@styleforge/diffusion';
import { type ComponentName, componentOfKind } from '@styleforge/model-files';
import { type DeviceName, graphFor, passMemory } from '@styleforge/runtime';
import { type TrainStepOptions } from '../loss/train-step.ts';
import { prefixOf } from '../model/parameter-names.ts';
import { prefixed } from './validation.ts';

const FLOAT32 = 4;

type Validated = Pick<TrainStepOptions, 'model' | 'latentShape' | 'tokenCount' | 'adaptation'>;

interface Part {
  readonly component: ComponentName;
  readonly build: (graph: Graph) => Readonly<Record<string, Tensor>>;
}

/** The graphs of TextToImagePipeline for guided images of the training's size. */
function partsOf({ model, latentShape, tokenCount }: Validated): readonly Part[] {
  const [, height, width] = latentShape;
  const count = imagesPerRun(height, width);
  const unet: Part = {
    component: componentOfKind(model.files, 'unet'),
    build: (graph) => {
      const sample = graph.input('sample', [2 * count, ...latentShape]);
      const rows = Object.entries(conditionShapes(model)).map(([name, row]) => [name, graph.input(name, [2 * count, ...row])] as const);
      return {
        prediction: model.denoise(graph, { sample, told: model.sampleInputs(graph, 2 * count), conditions: Object.fromEntries(rows) }),
      };
    },
  };
  const decoder: Part = {
    component: componentOfKind(model.files, 'autoencoder'),
    build: (graph) => ({ pixels: model.decode(graph, graph.input('latents', [count, ...latentShape])) }),
  };
  const encoders = model.textEncoders.map((encoder) => ({
    component: encoder.component,
    build: (graph: Graph) => encoder.encode(graph, encoder.inputs(graph, 1, tokenCount)),
  }));
  return [unet, decoder, ...encoders];
}

/** Bytes that stay on the card from the first validation on: every graph keeps its weights, in float32, and its memory. */
export function validationMemory(validated: Validated, device: DeviceName): number {
  const adapter = validated.adaptation?.adapter;
  const bytes = partsOf(validated).map(({ component, build }) => {
    const graph = graphFor(device);
    if (adapter) adaptModels(graph, prefixed(adapter, prefixOf(component)));
    const pass = passMemory(graph, build(graph), device);
    return pass.bytes + [...pass.weights.keys()].reduce((sum, name) => sum + FLOAT32 * elementCount(graph.parameters.get(name)!.shape), 0);
  });
  return bytes.reduce((sum, each) => sum + each, 0);
}
