// CLIP's text and vision configs in transformers' format, checked; absent keys have transformers' defaults.
import { type Activation } from './activations.ts';
import { ConfigError, ConfigReader, MOST_LAYERS } from './config-reader.ts';

export interface CLIPEncoderConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly hidden_act: Activation;
  readonly layer_norm_eps: number;
}

export interface CLIPTextConfig extends CLIPEncoderConfig {
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly eos_token_id: number;
  readonly projection_dim: number;
}

export interface CLIPVisionConfig extends CLIPEncoderConfig {
  readonly num_channels: number;
  readonly image_size: number;
  readonly patch_size: number;
}

export interface CLIPConfig {
  readonly text_config: CLIPTextConfig;
  readonly vision_config: CLIPVisionConfig;
  readonly projection_dim: number;
}

interface EncoderDefaults {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
}

function parseEncoder(reader: ConfigReader, defaults: EncoderDefaults): CLIPEncoderConfig {
  reader.unsupported('attention_dropout', [0]);
  const hidden = reader.integer('hidden_size', defaults.hidden);
  const heads = reader.integer('num_attention_heads', defaults.heads);
  if (hidden % heads !== 0) reader.fail('num_attention_heads', `expected a divisor of hidden_size ${hidden}`);
  return {
    hidden_size: hidden,
    intermediate_size: reader.integer('intermediate_size', defaults.intermediate),
    num_hidden_layers: reader.integer('num_hidden_layers', 12, 1, MOST_LAYERS),
    num_attention_heads: heads,
    hidden_act: reader.oneOf('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
    layer_norm_eps: reader.number('layer_norm_eps', 1e-5),
  };
}

/**
 * The text part of a config. Some tools save the config of the whole CLIP model with its text encoder; transformers then uses its text
 * part.
 */
function textPart(json: unknown): unknown {
  const { model_type: type, text_config: text } = (json ?? {}) as { model_type?: unknown; text_config?: unknown };
  return type === 'clip' && typeof text === 'object' && text !== null ? text : json;
}

export function parseCLIPTextConfig(json: unknown): CLIPTextConfig {
  const reader = new ConfigReader('CLIPTextModel', textPart(json));
  reader.oneOf('model_type', ['clip_text_model', 'clip'], 'clip_text_model');
  return {
    ...parseEncoder(reader, { hidden: 512, intermediate: 2048, heads: 8 }),
    vocab_size: reader.integer('vocab_size', 49408),
    max_position_embeddings: reader.integer('max_position_embeddings', 77),
    eos_token_id: reader.integer('eos_token_id', 49407, 0),
    projection_dim: reader.integer('projection_dim', 512),
  };
}

function parseCLIPVisionConfig(json: unknown): CLIPVisionConfig {
  const reader = new ConfigReader('CLIPVisionModel', json);
  const imageSize = reader.integer('image_size', 224);
  const patchSize = reader.integer('patch_size', 32);
  if (patchSize > imageSize) reader.fail('patch_size', `expected at most image_size ${imageSize}`);
  return {
    ...parseEncoder(reader, { hidden: 768, intermediate: 3072, heads: 12 }),
    num_channels: reader.integer('num_channels', 3),
    image_size: imageSize,
    patch_size: patchSize,
  };
}

/** Parses the config. Older files contain `text_config_dict` and `vision_config_dict`, whose values override the others. */
export function parseCLIPConfig(json: unknown): CLIPConfig {
  const reader = new ConfigReader('CLIPModel', json);
  const part = (key: string): Record<string, unknown> => {
    const merged: Record<string, unknown> = {};
    for (const name of [key, `${key}_dict`]) {
      const value = reader.raw(name);
      if (value !== undefined && value !== null && typeof value !== 'object')
        throw new ConfigError(`CLIPModel: config key '${name}' must be an object`);
      Object.assign(merged, value);
    }
    return merged;
  };
  return {
    text_config: parseCLIPTextConfig(part('text_config')),
    vision_config: parseCLIPVisionConfig(part('vision_config')),
    projection_dim: reader.integer('projection_dim', 512),
  };
}
