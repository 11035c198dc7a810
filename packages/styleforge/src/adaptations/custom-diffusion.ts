// Custom Diffusion (arXiv 2212.04488): keys and values of the cross-attention train, and one new row of the token table for each token.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type CustomDiffusionAdaptation } from '@styleforge/contracts';
import { type AdaptedLayer } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { tokenFileName, writeAdaptation, writeCustomDiffusion, writeLearnedRows } from '@styleforge/weights';
import { loadTrainableWeights } from '../model/model.ts';
import { UNET_PREFIX } from '../model/parameter-names.ts';
import { type Adaptation, type AdaptationInputs } from './adaptation.ts';
import { writeMerged } from './merged.ts';
import { initializeRows, isNewRows, learnedRows, newTokens, withNewRows } from './new-tokens.ts';

const WEIGHTS_FILE = 'pytorch_custom_diffusion_weights.safetensors';
const KEYS_AND_VALUES = /\.attn2\.to_[kv]\.weight$/;
const WHOLE_ATTENTION = /\.attn2\.(to_[kvq]\.weight|to_out\.0\.(weight|bias))$/;

/** Stops the gradient of the begin token's keys and values. */
export function detachFirstToken(graph: Graph, { name, output }: Pick<AdaptedLayer, 'name' | 'output'>): Tensor {
  if (!/\.attn2\.to_[kv]$/.test(name)) return output;
  const [, tokens] = output.shape;
  return graph.concat([graph.stopGradient(graph.slice(output, 1, 0, 1)), graph.slice(output, 1, 1, tokens)], 1);
}

export function customDiffusionAdaptation({ model, tokens }: AdaptationInputs, config: CustomDiffusionAdaptation): Adaptation {
  const added = newTokens(model, tokens, 1, config.initial_word);
  const layers = config.layers === 'cross_attention' ? WHOLE_ATTENTION : KEYS_AND_VALUES;
  const trainsLayer = (name: string): boolean => name.startsWith(UNET_PREFIX) && layers.test(name);
  const write: Adaptation['write'] = async (directory, trained, { baseModelDirectory, final }) => {
    await mkdir(directory, { recursive: true });
    await writeCustomDiffusion(join(directory, WEIGHTS_FILE), matrices(trained));
    const files = [WEIGHTS_FILE];
    for (const { token, rows } of learnedRows(trained, added)) {
      for (const [encoder, learned] of [...rows.values()].entries()) {
        const file = `${tokenFileName(token)}${encoder === 0 ? '' : `_${encoder + 1}`}.safetensors`;
        files.push(file);
        await writeLearnedRows(join(directory, file), learned, true);
      }
    }
    const { kind, merged, ...settings } = config;
    await writeAdaptation(directory, { kind, files, settings: { ...settings, tokens } });
    const adapters = files.map((file) => ({ path: join(directory, file), strength: 1 }));
    if (merged && final) await writeMerged(join(directory, 'merged'), baseModelDirectory, adapters);
  };
  return {
    kind: config.kind,
    trainsText: true,
    tokens: added.tokens,
    adapter: { weight: (graph, name, shape) => withNewRows(graph, name, shape, added.rows), layer: detachFirstToken },
    ratesOf: (name) => (isNewRows(name) || trainsLayer(name) ? {} : null),
    initialize: async (trained) => {
      await loadTrainableWeights(model.folder, trained, (name) => !isNewRows(name));
      await initializeRows(trained, model, added);
    },
    write,
  };
}

function* matrices(trained: ParameterBuffers): Generator<{ name: string; shape: readonly number[]; data: Float32Array }> {
  for (const { name, shape } of trained.specs) {
    if (name.startsWith(UNET_PREFIX)) yield { name: name.slice(UNET_PREFIX.length), shape, data: trained.get(name) };
  }
}
