// StyleDrop (arXiv 2306.00983): the words for a style, the candidates after the first round, and the selection for the second round.
import { z } from 'zod';
import { requiredText } from '../common/text.ts';
import type { FieldError } from '../common/errors.ts';
import { trainingJobId } from '../common/ids.ts';
import { CLIP_EXTRACTORS, EVALUATION_DEFAULTS } from '../evaluations/extractors.ts';
import type { BaseModelProfile } from '../models/base-models.ts';
import { METHOD_SAMPLING, SAMPLERS, negativePromptSetting } from '../models/samplers.ts';

/** Prompts of the paper's candidates (appendix B): subjects, each in several places. */
const PLACED: readonly (readonly [subjects: readonly string[], places: readonly string[]])[] = [
  [
    ['a chihuahua', 'a tabby cat', 'a human'],
    ['', ' walking on a street', ' walking in a forest'],
  ],
  [['a portrait of a chihuahua', 'a portrait of a tabby cat', 'a portrait of a human'], ['']],
  [
    ['an apple', 'a banana'],
    [' on a table', ' on a dish', ' on the ground'],
  ],
  [
    ['a church', 'a temple', 'a cabin'],
    [' on a street', ' in the mountains', ' in a field', ' on a beach'],
  ],
];
export const CANDIDATE_PROMPTS: readonly string[] = PLACED.flatMap(([subjects, places]) =>
  subjects.flatMap((subject) => places.map((place) => subject + place)),
);

export const SELECTIONS = ['human', 'clip', 'random'] as const;
export type Selection = (typeof SELECTIONS)[number];

const style = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .describe(
    'The descriptor of the style in every prompt, such as `watercolor painting`. Default: the rare word `zwx`, or ' +
      'the descriptor of the first round',
  );

const scale = z.number().min(0).max(50);
const prompts = z.array(requiredText(500)).min(1).max(64).describe('What the images show, without the style');
const imagesPerPrompt = z.int().min(1).max(64);
const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

const candidatesRequest = z.strictObject({
  prompts: prompts.optional(),
  images_per_prompt: imagesPerPrompt.optional(),
  seed: seed.optional(),
  style_guidance: scale.optional(),
  text_guidance: scale.optional(),
  clip_extractor: z
    .enum(CLIP_EXTRACTORS)
    .optional()
    .describe('Extractor for the CLIP scores. Default: the extractor of the base model, otherwise clip'),
});

const candidates = z.object({
  prompts: z.array(z.string()),
  images_per_prompt: z.int(),
  seed: z.int(),
  style_guidance: z.number(),
  text_guidance: z.number(),
  clip_extractor: z.enum(CLIP_EXTRACTORS),
  sampler: z.enum(SAMPLERS),
  steps: z.int(),
  negative_prompt: negativePromptSetting,
});
export type CandidateSettings = z.infer<typeof candidates>;

const selectionRequest = z.strictObject({
  by: z
    .enum(SELECTIONS)
    .describe(
      '`human`: the images that the feedback keeps; `clip`: the images with the best CLIP scores; `random`: a random choice by seed',
    ),
  per_prompt: imagesPerPrompt.optional().describe('With `clip` and `random`: number of images of each prompt. Default: 1'),
  seed: seed.optional().describe('With `random`: the seed of the choice. Default: 0'),
  include_reference: z.boolean().optional().describe('Whether to train on the StyleRef images of the first round too'),
});

const selection = z.object({
  by: z.enum(SELECTIONS),
  per_prompt: z.int(),
  seed: z.int(),
  include_reference: z.boolean(),
});
export type SelectionSettings = z.infer<typeof selection>;

export const styledropRequest = z
  .strictObject({
    style: style.optional(),
    round: z.literal([1, 2]).optional().describe('2 trains a new adapter on chosen candidates of the job `parent_job_id`'),
    candidates: candidatesRequest
      .nullable()
      .optional()
      .describe('Images that the finished job generates as candidates for round 2, each with its CLIP score. Default: none'),
    parent_job_id: trainingJobId.optional().describe('Round 2: the succeeded job whose candidates are chosen from'),
    selection: selectionRequest.optional().describe('Round 2: how the candidates are chosen'),
  })
  .meta({ id: 'StyleDropRequest' });
export type StyleDropRequest = z.infer<typeof styledropRequest>;

export const styledropSettings = z
  .object({
    style: z.string(),
    round: z.literal([1, 2]),
    candidates: candidates.nullable(),
    parent_job_id: trainingJobId.nullable(),
    selection: selection.nullable(),
  })
  .meta({ id: 'StyleDropSettings' });
export type StyleDropSettings = z.infer<typeof styledropSettings>;

/** Defaults from the paper for its lambda_A and lambda_B. */
export const STYLE_GUIDANCE = { style_guidance: 2, text_guidance: 5 } as const;
const SELECTION = { per_prompt: 1, seed: 0, include_reference: false };

interface Surroundings {
  /** Default name of the style. */
  readonly style: string;
  readonly profile: Pick<BaseModelProfile, 'generation' | 'evaluation'>;
}

/** Adds defaults to a request. */
export function resolveStyledrop(asked: StyleDropRequest, { style: usual, profile }: Surroundings): StyleDropSettings {
  const { sampler, steps, negative_prompt } = { ...METHOD_SAMPLING, ...profile.generation };
  const defaults = {
    prompts: [...CANDIDATE_PROMPTS],
    images_per_prompt: 4,
    seed: 0,
    ...STYLE_GUIDANCE,
    clip_extractor: profile.evaluation.clip_extractor ?? EVALUATION_DEFAULTS.clip_extractor,
  };
  return {
    style: asked.style ?? usual,
    round: asked.round ?? 1,
    candidates: asked.candidates ? { ...defaults, ...asked.candidates, sampler, steps, negative_prompt } : null,
    parent_job_id: asked.parent_job_id ?? null,
    selection: asked.selection ? { ...SELECTION, ...asked.selection } : null,
  };
}

/** Completes stored settings: rows from before rounds were counted contain the style alone. */
export function completeStyledrop(stored: Pick<StyleDropSettings, 'style'> & Partial<StyleDropSettings>): StyleDropSettings {
  return { round: 1, candidates: null, parent_job_id: null, selection: null, ...stored };
}

/** Lists settings of the request that contradict each other. */
export function checkRounds({ round = 1, parent_job_id: parent, selection: chosen }: StyleDropRequest): FieldError[] {
  if (round === 2) {
    return [
      ...(parent === undefined
        ? [{ pointer: '/styledrop/parent_job_id', detail: 'is required in round 2: name the job of round 1 that generated the candidates' }]
        : []),
      ...(chosen === undefined
        ? [{ pointer: '/styledrop/selection', detail: 'is required in round 2: choose by human, clip or random' }]
        : []),
    ];
  }
  const wrong = Object.entries({ parent_job_id: parent, selection: chosen }).filter(([, value]) => value !== undefined);
  return wrong.map(([field]) => ({ pointer: `/styledrop/${field}`, detail: 'belongs to round 2: set round to 2, or omit this field' }));
}
