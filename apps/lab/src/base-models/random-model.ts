// Creates a model with random weights in the shape of a layout, for benchmarks and tests.
import { elementCount, type Graph } from '@styleforge/autodiff';
import { modelOf, randomNormals } from '@styleforge/diffusion';
import { smallestGraphs } from '@styleforge/styleforge';
import { writeDiffusersFolder, type SingleFileLayout, type TensorEntry } from '@styleforge/weights';

const noise = randomNormals({ seed: 1, step: 0, purpose: 'noise' }, 1 << 20);

/** Normalizations are the identity; other layers keep the magnitude of their input. */
function randomValues(name: string, shape: readonly number[], index: number): Float32Array {
  const values = new Float32Array(elementCount(shape));
  if (shape.length === 1) return values.fill(/norm[^.]*\.weight$/.test(name) ? 1 : 0);
  const scale = /embedding/.test(name) ? 0.02 : 1 / Math.sqrt(values.length / shape[0]!);
  const from = (index * 977) % noise.length;
  for (let i = 0; i < values.length; i++) values[i] = scale * noise[(from + i) % noise.length]!;
  return values;
}

const randomWeights = ({ parameters }: Graph): TensorEntry[] =>
  [...parameters].map(([name, { shape }], index) => ({ name, shape, data: () => randomValues(name, shape, index) }));

/** Writes the folder at half precision, one tensor in memory at a time. */
export async function writeRandomModel(directory: string, { configs, ...layout }: SingleFileLayout): Promise<void> {
  const components = [...smallestGraphs(modelOf(layout.modelIndex, configs))].map(
    ([name, graph]) => [name, { config: configs[name], weights: randomWeights(graph) }] as const,
  );
  await writeDiffusersFolder(directory, { ...layout, components: Object.fromEntries(components) }, { dtype: 'F16' });
}
