// Conditions of the U-Net of Stable Diffusion 1.x and 2.x: the last states of one text encoder.
import { CLIPTextModel } from '../models/clip-text.ts';
import { type DiffusionModel, latentDiffusion, type ModelConfigs, type TextEncoder } from './family.ts';

function textEncoder({ component, config }: ModelConfigs['textEncoders'][number]): TextEncoder {
  const model = new CLIPTextModel(config);
  return {
    component,
    model,
    conditionShapes: (tokens) => ({ encoder_hidden_states: [tokens, config.hidden_size] }),
    inputs: (graph, texts, tokens) => ({ input_ids: graph.input('input_ids', [texts, tokens], 'int32') }),
    feeds: (ids) => ({ input_ids: ids }),
    encode: (graph, inputs, prefix) => ({ encoder_hidden_states: model.forward(graph, inputs.input_ids!, prefix) }),
  };
}

export const stableDiffusion = (configs: ModelConfigs): DiffusionModel => latentDiffusion(configs, configs.textEncoders.map(textEncoder));
