// Text encoder configs of older and newer tools.
import { parseCLIPTextConfig } from '@styleforge/model-files';
import { expect, it } from 'vitest';

const text = { model_type: 'clip_text_model', hidden_size: 32, num_attention_heads: 4, vocab_size: 1000, max_position_embeddings: 24 };

it('the config of a whole CLIP model is read as that of its text encoder', () => {
  const whole = { model_type: 'clip', architectures: ['CLIPModel'], text_config: text, vision_config: { hidden_size: 768 } };
  expect(parseCLIPTextConfig(whole)).toEqual(parseCLIPTextConfig(text));
  expect(parseCLIPTextConfig(whole)).toMatchObject({ hidden_size: 32, vocab_size: 1000 });
});

it('a text encoder with an unrelated text_config is read by its own fields', () => {
  expect(parseCLIPTextConfig({ ...text, text_config: null }).hidden_size).toBe(32);
});

it('a config without the fields that transformers 5 omits has the same defaults', () => {
  expect(parseCLIPTextConfig({ ...text, dtype: 'float32', transformers_version: '5.0.0' })).toEqual(parseCLIPTextConfig(text));
});
