// Conditions of Stable Diffusion XL's U-Net (arXiv 2307.01952): two text encoders side by side, a pooled text, and the sizes of the image.
import { type UNet2DConditionConfig } from '@styleforge/model-files';
import { CLIPTextModel, endOfTextIndices } from '../models/clip-text.ts';
import { timestepEmbedding } from '../nn/timestep-embedding.ts';
import { type DiffusionModel, type ImageGeometry, latentDiffusion, type ModelConfigs, type TextEncoder } from './family.ts';

/** Sinusoids [n, 6 * numbers] of original height and width, top and left of the crop, target height and width, one after the other. */
function imageEmbedding(images: readonly ImageGeometry[], config: UNet2DConditionConfig): Float32Array {
  const numbers = images.flatMap(({ original, crop, target }) => [...original, ...crop, ...target]);
  return timestepEmbedding(numbers, { ...config, block_out_channels: [config.addition_embed!.numbers] });
}

/** The encoder up to the state before its last layer; the rest is not used. */
function firstEncoder({ component, config }: ModelConfigs['textEncoders'][number]): TextEncoder {
  const model = new CLIPTextModel(config);
  return {
    component,
    model,
    conditionShapes: (tokens) => ({ encoder_hidden_states: [tokens, config.hidden_size] }),
    inputs: (graph, texts, tokens) => ({ input_ids: graph.input('input_ids', [texts, tokens], 'int32') }),
    feeds: (ids) => ({ input_ids: ids }),
    encode: (graph, inputs, prefix) => ({ encoder_hidden_states: model.beforeLast(graph, inputs.input_ids!, prefix) }),
  };
}

/** The same state, and the projection of the text's end token after the last layer. */
function secondEncoder({ component, config }: ModelConfigs['textEncoders'][number]): TextEncoder {
  const model = new CLIPTextModel(config);
  return {
    component,
    model,
    conditionShapes: (tokens) => ({ encoder_hidden_states_2: [tokens, config.hidden_size], pooled_text: [config.projection_dim] }),
    inputs: (graph, texts, tokens) => ({
      input_ids_2: graph.input('input_ids_2', [texts, tokens], 'int32'),
      end_of_text: graph.input('end_of_text', [texts], 'int32'),
    }),
    feeds: (ids, tokens, endId) => ({ input_ids_2: ids, end_of_text: endOfTextIndices(ids, tokens, config, endId) }),
    encode: (graph, inputs, prefix) => {
      const { beforeLast, last } = model.hiddenStates(graph, inputs.input_ids_2!, prefix);
      const pooled = model.pooled(graph, last, inputs.end_of_text!, config.projection_dim, prefix);
      return { encoder_hidden_states_2: beforeLast, pooled_text: pooled };
    },
  };
}

export function stableDiffusionXl(configs: ModelConfigs): DiffusionModel {
  const [first, second] = configs.textEncoders;
  const model = latentDiffusion(configs, [firstEncoder(first!), secondEncoder(second!)]);
  const config = configs.unet;
  const { imageNumbers } = configs.family;
  return {
    ...model,
    zeroNegative: configs.modelIndex.force_zeros_for_empty_prompt !== false,
    sampleInputs: (graph, samples) => ({
      ...model.sampleInputs(graph, samples),
      imageEmbedding: graph.input('time_ids', [samples, imageNumbers * config.addition_embed!.numbers]),
    }),
    sampleFeeds: (timesteps, images) => ({ ...model.sampleFeeds(timesteps, images), time_ids: imageEmbedding(images, config) }),
    denoise: (graph, { sample, told, conditions }, prefix) =>
      model.unet.forward(
        graph,
        {
          sample,
          timestepEmbedding: told.timestepEmbedding!,
          encoderHiddenStates: graph.concat([conditions.encoder_hidden_states!, conditions.encoder_hidden_states_2!], 2),
          addedConditions: graph.concat([conditions.pooled_text!, told.imageEmbedding!], 1),
        },
        prefix,
      ),
  };
}
