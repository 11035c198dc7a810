// Promises of the contracts to other packages: transitions that end, the method's numbers, names that the engine knows.
import {
  ACTIVE_JOB_STATUSES,
  captionedPrompt,
  baseModelProfile,
  createTrainingJobRequest,
  ERRORS,
  evaluatedPrompt,
  FINISHED_JOB_STATUSES,
  hyperparametersRequest,
  JOB_STATUSES,
  JOB_TRANSITIONS,
  LIVE_JOB_STATUSES,
  METHOD_HYPERPARAMETERS,
  promptTemplates,
  resolveTrainingConfig,
  SAMPLERS,
  styleWords,
} from '@styleforge/contracts';
import type { CreateTrainingJobRequest } from '@styleforge/contracts';
import { samplerNames } from '@styleforge/diffusion';
import { describe, expect, it } from 'vitest';

const DATASET = 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
const parse = (changes: object = {}): CreateTrainingJobRequest =>
  createTrainingJobRequest.parse({ method: 'single-styleforge', base_model: 'sd15', style_ref: { dataset_id: DATASET }, ...changes });

function resolve(changes: object, profile: object = {}) {
  const result = resolveTrainingConfig(parse(changes), baseModelProfile.parse(profile));
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.config;
}

describe('statuses', () => {
  it('are each either live or finished', () => {
    expect([...LIVE_JOB_STATUSES, ...FINISHED_JOB_STATUSES].sort()).toEqual([...JOB_STATUSES].sort());
  });

  it('let every live job fail or be cancelled, except that a paused one cannot fail', () => {
    for (const status of LIVE_JOB_STATUSES) {
      expect(JOB_TRANSITIONS[status]).toContain('cancelled');
      if (status !== 'paused') expect(JOB_TRANSITIONS[status]).toContain('failed');
    }
  });

  it('let a finished job only be queued again, and no job that a worker holds', () => {
    for (const status of FINISHED_JOB_STATUSES) expect(JOB_TRANSITIONS[status]).toEqual(['queued']);
    for (const status of ACTIVE_JOB_STATUSES) expect(JOB_TRANSITIONS[status]).not.toContain('queued');
  });
});

describe("a base model's watch", () => {
  const profile = {
    generation: { sampler: 'ddim', guidance_scale: 4 },
    defaults: { max_train_steps: 100 },
    watch: { subjects: ['house', 'bear'], sampling_steps: 15, min_clip_share: 0.6 },
  };

  it('applies to a job that asks for neither validation nor early stopping', () => {
    const config = resolve({ method: 'multi-styleforge' }, profile);
    expect(config.validation).toMatchObject({ every_steps: 20, num_images: 1, sampler: 'ddim', steps: 15, guidance_scale: 4 });
    expect(config.validation?.prompts).toEqual(['a photo of zwx style, ukj style, house', 'a photo of zwx style, ukj style, bear']);
    expect(config.early_stopping).toEqual({
      metric: 'clip',
      patience: 2,
      min_steps: 0,
      min_clip_share: 0.6,
      reference_dataset_id: null,
    });
    expect(resolve({ method: 'styledrop', styledrop: { style: 'ink' } }, profile).validation?.prompts[0]).toBe('house in ink style');
  });

  it('does not apply to a short training, or if the request has either', () => {
    const nothing = { validation: null, early_stopping: null };
    expect(resolve({ hyperparameters: { max_train_steps: 49 } }, profile)).toMatchObject(nothing);
    expect(resolve({ early_stopping: null }, profile)).toMatchObject(nothing);
    expect(resolve({ validation: null }, profile)).toMatchObject(nothing);
    expect(resolve({ validation: { prompts: ['[V]'], every_steps: 5 } }, profile).early_stopping).toBeNull();
    expect(resolve({}, { ...profile, watch: undefined })).toMatchObject(nothing);
  });

  it('accepts a share of the CLIP score only with the metric clip', () => {
    const stopping = { metric: 'kid', patience: 1, min_clip_share: 0.5 };
    const asked = parse({ validation: { prompts: ['a', 'b'], every_steps: 5 }, early_stopping: stopping });
    expect(resolveTrainingConfig(asked, baseModelProfile.parse(profile))).toMatchObject({
      ok: false,
      errors: [
        { pointer: '/early_stopping/min_clip_share', detail: expect.stringContaining('no effect without the metric clip') as string },
      ],
    });
  });
});

describe('training configuration', () => {
  it("equals the paper's for a base model without a profile", () => {
    const config = resolve({ aux: { dataset_id: DATASET } });
    expect(config.hyperparameters).toEqual(METHOD_HYPERPARAMETERS);
    expect(config.hyperparameters).toMatchObject({
      learning_rate: 1e-6,
      lr_scheduler: 'constant',
      lr_warmup_steps: 0,
      train_batch_size: 1,
      resolution: 512,
      crop: 'random',
      max_train_steps: 1000,
      optimizer: 'adamw',
      prodigy_d_coef: 1,
      adam_beta1: 0.9,
      adam_beta2: 0.999,
      adam_epsilon: 1e-8,
      adam_weight_decay: 1e-2,
      seed: 1337,
      train_text_encoder: true,
    });
    expect(config.aux).toEqual({ dataset_id: DATASET, prompt: 'a photo of style', weight: 1 });
    expect(config.style_ref.components).toEqual([{ name: 'all', token: 'zwx', prompt: 'a photo of zwx style' }]);
  });

  it('prefers the request to the base model, and the base model to the method', () => {
    const profile = { resolution: 64, defaults: { learning_rate: 3e-5, max_train_steps: 200 }, auxiliary_prompt: 'an icon of style' };
    const config = resolve({ aux: { dataset_id: DATASET, weight: 0.5 }, hyperparameters: { max_train_steps: 10 } }, profile);
    expect(config.hyperparameters).toEqual({ ...METHOD_HYPERPARAMETERS, resolution: 64, learning_rate: 3e-5, max_train_steps: 10 });
    expect(config.aux).toEqual({ dataset_id: DATASET, prompt: 'an icon of style', weight: 0.5 });
  });

  it('has class images for dreambooth only, with the sampling of the base model', () => {
    const profile = { auxiliary_prompt: 'an icon of style', generation: { steps: 20 } };
    const config = resolve({ method: 'dreambooth', prior_preservation: { weight: 0.5 } }, profile);
    expect(config.prior_preservation).toEqual({
      prompt: 'an icon of style',
      num_class_images: 100,
      weight: 0.5,
      sampler: 'ddim',
      steps: 20,
      guidance_scale: 7.5,
      negative_prompt: null,
      seed: 0,
    });
    expect(resolve({ method: 'dreambooth' })).toMatchObject({ prior_preservation: null, aux: null, validation: null });
    for (const changes of [{}, { method: 'dreambooth', aux: { dataset_id: DATASET } }]) {
      const refused = resolveTrainingConfig(parse({ ...changes, prior_preservation: {} }), baseModelProfile.parse(profile));
      expect(refused).toMatchObject({ ok: false, errors: [{ pointer: '/prior_preservation' }] });
    }
  });

  it('trains all weights by default, and takes settings from the request, then the base model, then the adaptation', () => {
    expect(resolve({}).adaptation).toEqual({ kind: 'full' });
    const profile = { defaults: { learning_rate: 3e-5, train_batch_size: 4 }, adaptations: { lora: { max_train_steps: 70 } } };
    const config = resolve({ method: 'lora', prior_preservation: {} }, profile);
    expect(config.adaptation).toEqual({ kind: 'lora', rank: 16, alpha: 16, targets: ['attention'], merged: false });
    expect(config.hyperparameters).toMatchObject({
      learning_rate: 1e-4,
      train_text_encoder: false,
      train_batch_size: 4,
      max_train_steps: 70,
    });
    expect(config.prior_preservation).not.toBeNull();
    const dual = resolve({ adaptation: { kind: 'lora', rank: 4 }, hyperparameters: { train_text_encoder: true } }, profile);
    expect(dual).toMatchObject({
      method: 'single-styleforge',
      adaptation: { rank: 4, alpha: 4 },
      hyperparameters: { train_text_encoder: true },
    });
    const refused = resolveTrainingConfig(parse({ method: 'lora', adaptation: { kind: 'full' } }), baseModelProfile.parse({}));
    expect(refused).toMatchObject({ ok: false, errors: [{ pointer: '/adaptation/kind' }] });
  });

  it('combines the words for a style with the caption of each image for styledrop, with adapters or a LoRA only', () => {
    const config = resolve({ method: 'styledrop', styledrop: { style: 'watercolor painting' } });
    expect(config).toMatchObject({
      adaptation: { kind: 'adapter', bottleneck: 4, shared: true },
      styledrop: { style: 'watercolor painting' },
      hyperparameters: { use_captions: true, train_text_encoder: false },
    });
    const [component] = config.style_ref.components;
    expect(component).toEqual({ name: 'all', token: 'watercolor painting', prompt: '[caption] in watercolor painting style' });
    expect(captionedPrompt(component!.prompt, 'a cat')).toBe('a cat in watercolor painting style');
    expect(captionedPrompt(component!.prompt, null)).toBe('an image in watercolor painting style');
    expect(captionedPrompt('a photo of zwx style', 'a cat')).toBe('a photo of zwx style, a cat');
    expect(evaluatedPrompt('a dog', styleWords(config))).toBe('a dog in watercolor painting style');
    expect(promptTemplates(config)).toEqual([{ component: null, template: '{prompt} in watercolor painting style' }]);
    expect(resolve({ method: 'styledrop' }).styledrop).toMatchObject({ style: 'zwx' });
    expect(resolve({ method: 'styledrop', adaptation: { kind: 'lora' } }).adaptation.kind).toBe('lora');
    const refusalOf = (changes: object) => resolveTrainingConfig(parse(changes), baseModelProfile.parse({}));
    expect(refusalOf({ method: 'styledrop', adaptation: { kind: 'full' } })).toMatchObject({ errors: [{ pointer: '/adaptation/kind' }] });
    expect(refusalOf({ method: 'lora', styledrop: {} })).toMatchObject({ errors: [{ pointer: '/styledrop' }] });
    const both = {
      method: 'styledrop',
      styledrop: { style: 'ink' },
      style_ref: { dataset_id: DATASET, components: [{ name: 'all', token: 'zwx' }] },
    };
    expect(refusalOf(both)).toMatchObject({ errors: [{ pointer: '/style_ref/components/0/token' }] });
  });

  it('refuses settings that belong to another round, and a component named like the caption placeholder', () => {
    const pointersOf = (changes: object) => {
      const resolution = resolveTrainingConfig(parse(changes), baseModelProfile.parse({}));
      return resolution.ok ? [] : resolution.errors.map(({ pointer }) => pointer);
    };
    const rounds = (styledrop: object) => pointersOf({ method: 'styledrop', styledrop });
    expect(rounds({ round: 2 })).toEqual(['/styledrop/parent_job_id', '/styledrop/selection']);
    expect(rounds({ selection: { by: 'human' } })).toEqual(['/styledrop/selection']);
    const components = ['person', 'caption'].map((name) => ({ name }));
    const named = { method: 'multi-styleforge', style_ref: { dataset_id: DATASET, components } };
    expect(pointersOf(named)).toEqual(['/style_ref/components/1/name']);
  });

  it('sets what Prodigy needs, and refuses what it does not support, with field and remedy', () => {
    const profile = { defaults: { learning_rate: 3e-4, text_encoder_learning_rate: 1e-5, adam_moments: 'bfloat16' } };
    const ofProdigy = (changes: object = {}) =>
      resolveTrainingConfig(parse({ hyperparameters: { optimizer: 'prodigy', ...changes } }), baseModelProfile.parse(profile));
    expect(ofProdigy()).toMatchObject({
      config: { hyperparameters: { learning_rate: 1, text_encoder_learning_rate: null, adam_moments: 'float32', prodigy_d_coef: 1 } },
    });
    expect(ofProdigy({ learning_rate: 0.5, prodigy_d_coef: 2 })).toMatchObject({
      config: { hyperparameters: { learning_rate: 0.5, prodigy_d_coef: 2 } },
    });
    const refusals: [object, string, RegExp][] = [
      [{ learning_rate: 1e-4 }, 'learning_rate', /omit it for 1/],
      [{ text_encoder_learning_rate: 0.1 }, 'text_encoder_learning_rate', /one rate for all weights: omit this field/],
      [{ adam_moments: 'bfloat16' }, 'adam_moments', /float32 moments/],
      [{ optimizer: 'adamw', prodigy_d_coef: 2 }, 'prodigy_d_coef', /set optimizer to 'prodigy'/],
    ];
    for (const [changes, name, detail] of refusals) {
      const errors = [{ pointer: `/hyperparameters/${name}`, detail: expect.stringMatching(detail) as string }];
      expect(ofProdigy(changes)).toMatchObject({ ok: false, errors });
    }
  });

  it('puts tokens into the prompts of a validation', () => {
    const components = [{ name: 'person' }, { name: 'background' }, { name: 'animal', token: 'qqz' }];
    const { validation } = resolve({
      method: 'multi-styleforge',
      style_ref: { dataset_id: DATASET, components },
      validation: { prompts: ['a photo of [V] style', 'a photo of [person] style, [background] style, [animal] style'], every_steps: 10 },
    });
    expect(validation).toMatchObject({
      prompts: ['a photo of zwx style', 'a photo of zwx style, ukj style, qqz style'],
      every_steps: 10,
      num_images: 1,
      seed: 0,
      steps: 30,
    });
  });

  it('requires a token if none is known', () => {
    const components = ['person', 'background', 'animal'].map((name) => ({ name }));
    const result = resolveTrainingConfig(
      parse({ method: 'multi-styleforge', style_ref: { dataset_id: DATASET, components } }),
      baseModelProfile.parse({}),
    );
    expect(result).toMatchObject({ ok: false, errors: [{ pointer: '/style_ref/components/2/token' }] });
  });
});

describe('names', () => {
  it('of samplers are those of the engine', () => {
    expect([...SAMPLERS].sort()).toEqual([...samplerNames].sort());
  });

  it('of error codes are lower case, with statuses of 400 or more', () => {
    for (const [code, { status }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[a-z_]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});

it('refuses bf16 with the precision that it has instead', () => {
  const messageOf = (precision: string): string | undefined =>
    hyperparametersRequest.safeParse({ mixed_precision: precision }).error?.issues.find(({ path }) => path[0] === 'mixed_precision')
      ?.message;
  expect(messageOf('bf16')).toMatch(/^must be 'no' or 'fp16': bf16 is not supported; fp16 needs as little memory/);
  expect(messageOf('fp8')).not.toContain('bf16');
  expect(messageOf('fp16')).toBeUndefined();
});
