// A report as an evaluation stage writes it, for tests of what is said and shown.
import { METHOD_HYPERPARAMETERS, type Report, type ReportMetric, type ReportModel } from '@styleforge/contracts';
import { reachVerdict, trainingCommand } from '@styleforge/reports';

const EVALUATION = 'eval_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
export const JOB = 'job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
const DATASET = 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
const CHECKPOINT = 'ckpt_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
const PROMPTS = ['dog', 'house', 'mountain', 'crown'];

const metric = (name: string, value: number, spread: number): ReportMetric => {
  const kind = name.split('@')[0] as ReportMetric['metric'];
  return {
    metric: kind,
    name,
    value,
    better: kind === 'clip' ? 'higher' : 'lower',
    interval: { low: value - spread, high: value + spread, level: 0.95, replicates: 1000 },
    standard_deviation: kind === 'kid' ? spread / 2 : null,
    extractor: 'mini-clip',
    generated: 100,
    reference: kind === 'clip' ? null : 60,
    seed: 0,
    subsets: kind === 'kid' ? 100 : null,
    subset_size: kind === 'kid' ? 60 : null,
    chance: null,
  };
};

interface ModelValues {
  kid: number;
  clip: number;
  trained?: boolean;
  /** CLIP's, with other prompts. */
  chance?: number;
  diversity?: number;
}

export function sampleModel(label: string, { kid, clip, trained = true, chance, diversity = 0.9 }: ModelValues): ReportModel {
  return {
    name: trained ? JOB : 'base',
    label,
    base_model: 'styleforge-mini',
    training_job_id: trained ? JOB : null,
    checkpoint_id: trained ? CHECKPOINT : null,
    step: trained ? 200 : null,
    adapter: null,
    prompt_prefix: 'a photo of zwx style, ',
    tokens: [
      { name: 'person', token: 'zwx' },
      { name: 'background', token: 'ukj' },
    ],
    warnings: [],
    metrics: [
      metric('kid@mini-clip', kid, 0.004),
      metric('fid@mini-clip', kid * 900, 8),
      { ...metric('clip@mini-clip', clip, 0.4), chance: chance ?? null },
    ],
    diversity: { generated: diversity, reference: 0.95, ratio: diversity / 0.95 },
    memorised: { count: 0, share: 0 },
    nearest: [],
  };
}

const url = (model: number, index: number) => `/v1/evaluations/${EVALUATION}/images/${model}/${index}`;
const pictures = [0, 1, 2].map((index) => ({ url: `/v1/images/${index}`, caption: `${index}.png` }));

const config: NonNullable<Report['training']>['config'] = {
  method: 'multi-styleforge',
  base_model: 'styleforge-mini',
  style_ref: {
    dataset_id: DATASET,
    components: [
      { name: 'person', token: 'zwx', prompt: 'a photo of zwx style' },
      { name: 'background', token: 'ukj', prompt: 'a photo of ukj style' },
    ],
  },
  aux: { dataset_id: DATASET, prompt: 'a photo of style', weight: 1 },
  adaptation: { kind: 'full' },
  styledrop: null,
  prior_preservation: null,
  hyperparameters: { ...METHOD_HYPERPARAMETERS, max_train_steps: 200 },
  validation: null,
  evaluation: {
    prompt_set: { id: 'mini', name: 'mini', version: 1 },
    prompts: PROMPTS,
    prompts_sha256: 'ab'.repeat(32),
    num_images: 1,
    sampler: 'ddim',
    steps: 30,
    guidance_scale: 4,
    negative_prompt: '',
    seed: 0,
    width: 64,
    height: 64,
    metrics: ['kid', 'fid', 'clip'],
    extractor: 'mini-clip',
    clip_extractor: 'mini-clip',
    reference_dataset_id: DATASET,
    comparisons: [],
  },
  early_stopping: null,
  suffix: null,
};

export function sampleReport(models: ReportModel[], changes: Partial<Report> = {}): Report {
  const content: Omit<Report, 'verdict'> = {
    format: 1,
    id: EVALUATION,
    training_job_id: JOB,
    title: models[0]?.label ?? '',
    created_at: '2026-01-02T03:04:05.000Z',
    models,
    training: {
      job_id: JOB,
      config,
      steps: 200,
      seconds: 312,
      best: { step: 150, metric: 'kid@mini-clip', value: 0.01 },
      style_ref: { dataset_id: DATASET, name: 'blueprint', count: 20, pictures },
      aux: { dataset_id: DATASET, name: 'noto persons', count: 20, pictures },
      losses: Array.from({ length: 100 }, (_, i) => ({
        step: 2 * i + 2,
        style_ref_loss: 0.3 * Math.exp(-i / 40) + 0.02 * Math.sin(i),
        aux_loss: 0.2 + 0.01 * Math.cos(i),
      })),
      validations: [0, 50, 100, 150, 200].map((step, i) => ({
        step,
        scores: { 'kid@mini-clip': [0.09, 0.05, 0.02, 0.01, 0.014][i] ?? 0 },
      })),
      validation_prompts: ['a photo of zwx style, dog', 'a photo of zwx style, house'],
      validation_samples: [0, 100, 200].map((step) => ({
        step,
        pictures: [0, 1].map((index) => ({ url: `/v1/training-jobs/${JOB}/images/${step}/${index}`, caption: `step ${step}` })),
      })),
    },
    prompts: { set: 'mini@1', sha256: 'ab'.repeat(32), list: PROMPTS, images_per_prompt: 1 },
    sampling: { sampler: 'ddim', steps: 30, guidance_scale: 4, negative_prompt: '', seed: 0, width: 64, height: 64 },
    reference: { dataset_id: DATASET, name: 'blueprint, held out', count: 60, pictures, sha256: 'cd'.repeat(32), trained_on: false },
    extractors: [{ name: 'mini-clip', dimension: 128, resize: 'clip', weights_sha256: 'ef'.repeat(32) }],
    similarity_extractor: 'mini-clip',
    samples: PROMPTS.map((prompt, index) => ({
      prompt,
      seed: index,
      pictures: models.map((_, model) => ({ url: url(model, index), caption: prompt })),
    })),
    overfitting: [
      { sign: 'kid-rising', present: false, explanation: 'KID stayed good until the end.' },
      { sign: 'low-diversity', present: null, explanation: 'Too little is known.' },
    ],
    token_disentanglement: null,
    votes: null,
    repeat: trainingCommand(config),
    ...changes,
  };
  return { ...content, verdict: reachVerdict(content) };
}
