// A training request with every default filled in: the row stores it, responses show it, and the worker runs it.
import { z } from 'zod';
import { adaptation, ADAPTATION_HYPERPARAMETERS, addsTokens, FIRST_ADAPTATION, inSecondRound, resolveAdaptation } from './adaptations.ts';
import type { AdaptationConfig, AdaptationRequest } from './adaptations.ts';
import type { BaseModelProfile } from '../models/base-models.ts';
import type { FieldError } from '../common/errors.ts';
import { completeEvaluationSettings, evaluationStage } from '../evaluations/evaluations.ts';
import { hyperparameters, METHOD_HYPERPARAMETERS, OPTIMIZER_HYPERPARAMETERS } from './hyperparameters.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { datasetId } from '../common/ids.ts';
import {
  METHOD_ADAPTATION_SETTINGS,
  METHOD_ADAPTATIONS,
  METHOD_BINDINGS,
  METHOD_SETTINGS,
  POSSIBLE_ADAPTATIONS,
  TRAINING_METHODS,
} from './methods.ts';
import type { TrainingMethod } from './methods.ts';
import { CAPTION_PLACEHOLDER, namesToken, placeholderOf, withTokens } from './placeholders.ts';
import { withAbsentFields } from '../common/stored-json.ts';
import { checkRounds, completeStyledrop, resolveStyledrop, styledropSettings } from './styledrop.ts';
import type { StyleDropSettings } from './styledrop.ts';
import { checkEarlyStopping, DEFAULT_SAMPLING, earlyStoppingConfig, resolveWatch, samplingConfig, validationConfig } from './watch.ts';
import { styleRefMix } from './training-request.ts';
import type { CreateTrainingJobRequest, TrainableJobRequest } from './training-request.ts';

export const DEFAULT_AUX_PROMPT = 'a photo of style';
const DEFAULT_AUX_WEIGHT = 1;
/** The rare tokens of the method's authors: the first for persons, the second for backgrounds. */
export const RARE_TOKENS: readonly string[] = ['zwx', 'ukj'];

const DEFAULT_CLASS_IMAGES = 100;

const styleRefComponent = z.object({ name: z.string(), token: z.string(), prompt: z.string() });
export type StyleRefComponent = z.infer<typeof styleRefComponent>;

export const trainingConfig = z
  .object({
    method: z.enum(TRAINING_METHODS),
    base_model: z.string(),
    style_ref: z.object({ dataset_id: datasetId, mix: styleRefMix.optional(), components: z.array(styleRefComponent) }),
    aux: z.object({ dataset_id: datasetId, prompt: z.string(), weight: z.number() }).nullable(),
    prior_preservation: z.object({ prompt: z.string(), num_class_images: z.int(), weight: z.number(), ...samplingConfig }).nullable(),
    adaptation,
    styledrop: styledropSettings.nullable().describe('Settings of the method styledrop'),
    hyperparameters,
    validation: validationConfig.nullable(),
    evaluation: evaluationStage.nullable(),
    early_stopping: earlyStoppingConfig.nullable(),
    suffix: z.string().nullable(),
  })
  .meta({ id: 'TrainingConfig' });
export type TrainingConfig = z.infer<typeof trainingConfig>;

/** A stored configuration: rows from before adaptations had names lack the adaptation and StyleDrop's settings. */
type StoredTrainingConfig = Omit<TrainingConfig, 'adaptation' | 'styledrop'> & Partial<Pick<TrainingConfig, 'adaptation' | 'styledrop'>>;

/** Completes a stored configuration that was written before a setting existed. The added values are those it was trained with. */
export function completeTrainingConfig(stored: StoredTrainingConfig): TrainingConfig {
  const { hyperparameters, validation, prior_preservation, evaluation } = stored;
  return withAbsentFields(trainingConfig, {
    ...stored,
    adaptation: stored.adaptation ?? FIRST_ADAPTATION,
    styledrop: stored.styledrop ? completeStyledrop(stored.styledrop) : null,
    hyperparameters: { ...METHOD_HYPERPARAMETERS, ...hyperparameters },
    ...(validation && { validation: { ...DEFAULT_SAMPLING, ...validation } }),
    ...(prior_preservation && { prior_preservation: { ...DEFAULT_SAMPLING, ...prior_preservation } }),
    ...(evaluation && { evaluation: completeEvaluationSettings(evaluation) }),
  }) as TrainingConfig;
}

export type Resolution = { ok: true; config: TrainingConfig } | { ok: false; errors: FieldError[] };

/** Adds the base model's defaults, then the method's. Throws if parts of the request contradict each other. */
export function resolveTrainingConfig(asked: CreateTrainingJobRequest, profile: BaseModelProfile): Resolution {
  const { style_ref } = asked;
  if (style_ref === undefined)
    return { ok: false, errors: [{ pointer: '/style_ref', detail: 'is required: name a dataset of StyleRef images' }] };
  const request = { ...asked, style_ref };
  const resolvedAdaptation = resolveAdaptation(askedAdaptation(request));
  const resolvedHyperparameters = resolveHyperparameters(request, profile, resolvedAdaptation);
  const components = resolveComponents(request, resolvedAdaptation);
  const errors = [
    ...checkComponents(request.method, components),
    ...checkPriorPreservation(request),
    ...checkAdaptation(request.method, resolvedAdaptation),
    ...checkStyledrop(request),
    ...checkEarlyStopping(request),
    ...checkHyperparameters(resolvedHyperparameters),
  ];
  if (errors.length > 0) return { ok: false, errors };
  const config: TrainingConfig = {
    method: request.method,
    base_model: request.base_model,
    style_ref: { dataset_id: request.style_ref.dataset_id, ...(request.style_ref.mix && { mix: request.style_ref.mix }), components },
    aux: resolveAux(request, profile),
    prior_preservation: resolvePriorPreservation(request, profile),
    adaptation: resolvedAdaptation,
    styledrop: styledropOf(request, profile),
    hyperparameters: resolvedHyperparameters,
    ...resolveWatch(request, { components, profile, steps: resolvedHyperparameters.max_train_steps }),
    // The caller fills these in, since that requires prompt sets and other jobs.
    evaluation: null,
    suffix: request.suffix ?? null,
  };
  return { ok: true, config };
}

function resolveHyperparameters(request: CreateTrainingJobRequest, profile: BaseModelProfile, { kind }: AdaptationConfig): Hyperparameters {
  const defaults = defaultHyperparameters(profile, request.method, kind);
  const optimizer = request.hyperparameters?.optimizer ?? defaults.optimizer;
  return { ...defaults, ...OPTIMIZER_HYPERPARAMETERS[optimizer], ...request.hyperparameters };
}

/**
 * The adaptation's defaults override the base model's, which are for full fine-tuning, unless the profile has defaults for the adaptation.
 */
export function defaultHyperparameters(profile: BaseModelProfile, method: TrainingMethod, kind: AdaptationConfig['kind']): Hyperparameters {
  const resolution = profile.resolution ?? METHOD_HYPERPARAMETERS.resolution;
  return {
    ...METHOD_HYPERPARAMETERS,
    resolution,
    ...profile.defaults,
    ...ADAPTATION_HYPERPARAMETERS[kind],
    ...profile.adaptations[kind],
    ...METHOD_SETTINGS[method],
  };
}

/** Checks methods that are named after their adaptation. */
function checkAdaptation(method: TrainingMethod, { kind }: AdaptationConfig): FieldError[] {
  const possible = POSSIBLE_ADAPTATIONS[method];
  if (possible === null || possible.includes(kind)) return [];
  const detail = `the method ${method} has the adaptation ${possible.join(' or ')}; use dreambooth to train with ${kind}`;
  return [{ pointer: '/adaptation/kind', detail }];
}

function resolveAux(request: CreateTrainingJobRequest, profile: BaseModelProfile): TrainingConfig['aux'] {
  if (!request.aux) return null;
  const { dataset_id, prompt, weight } = request.aux;
  return { dataset_id, prompt: prompt ?? profile.auxiliary_prompt ?? DEFAULT_AUX_PROMPT, weight: weight ?? DEFAULT_AUX_WEIGHT };
}

function resolvePriorPreservation(
  { prior_preservation: asked }: CreateTrainingJobRequest,
  profile: BaseModelProfile,
): TrainingConfig['prior_preservation'] {
  if (!asked) return null;
  const defaults = {
    prompt: profile.auxiliary_prompt ?? DEFAULT_AUX_PROMPT,
    num_class_images: DEFAULT_CLASS_IMAGES,
    weight: DEFAULT_AUX_WEIGHT,
  };
  return { ...DEFAULT_SAMPLING, ...profile.generation, ...defaults, ...asked };
}

function resolveComponents(request: TrainableJobRequest, resolvedAdaptation: AdaptationConfig): StyleRefComponent[] {
  const binding = METHOD_BINDINGS[request.method];
  const asked: AskedComponent[] = request.style_ref.components ?? binding.components.map((name) => ({ name }));
  const bracketed = (token: string): string => (addsTokens(resolvedAdaptation) ? `<${token}>` : token);
  return asked.map(({ name, token, prompt }, index) => {
    const rare = RARE_TOKENS[index];
    const resolvedToken = styleOf(request) ?? token ?? (rare === undefined ? '' : bracketed(rare));
    return { name, token: resolvedToken, prompt: withTokens(prompt ?? binding.prompt, [{ name, token: resolvedToken }]) };
  });
}

/** The style's descriptor, which replaces `[V]`; undefined for other methods. */
function styleOf({ method, styledrop, style_ref }: TrainableJobRequest): string | undefined {
  return METHOD_BINDINGS[method].hasRounds ? (styledrop?.style ?? style_ref.components?.[0]?.token ?? RARE_TOKENS[0]!) : undefined;
}

function styledropOf(request: TrainableJobRequest, profile: BaseModelProfile): StyleDropSettings | null {
  const style = styleOf(request);
  return style === undefined ? null : resolveStyledrop(request.styledrop ?? {}, { style, profile });
}

function askedAdaptation({ adaptation: asked, method, styledrop }: TrainableJobRequest): AdaptationRequest {
  const kind = METHOD_ADAPTATIONS[method];
  const usual = METHOD_ADAPTATION_SETTINGS[method];
  const wanted = { ...(usual?.kind === (asked?.kind ?? kind) && usual), ...(asked ?? { kind }) } as AdaptationRequest;
  return styledrop?.round === 2 ? inSecondRound(wanted) : wanted;
}

function checkStyledrop({ method, styledrop, style_ref }: TrainableJobRequest): FieldError[] {
  if (!styledrop) return [];
  if (!METHOD_BINDINGS[method].hasRounds)
    return [{ pointer: '/styledrop', detail: `belongs to the method styledrop, not to ${method}: omit it, or set method to styledrop` }];
  const rounds = checkRounds(styledrop);
  if (rounds.length > 0) return rounds;
  const token = style_ref.components?.[0]?.token;
  if (styledrop.style === undefined || token === undefined || token === styledrop.style) return [];
  return [{ pointer: '/style_ref/components/0/token', detail: 'styledrop.style already names the style: set only one of the two' }];
}

type AskedComponent = { name: string; token?: string; prompt?: string };

function checkComponents(method: TrainingMethod, components: StyleRefComponent[]): FieldError[] {
  const errors: FieldError[] = [];
  const pointer = '/style_ref/components';
  const bindsSeveral = METHOD_BINDINGS[method].components.length > 1;
  if (!bindsSeveral && components.length !== 1) {
    errors.push({ pointer, detail: `${method} trains one component; use multi-styleforge for ${components.length}` });
  }
  if (bindsSeveral && components.length < 2) {
    errors.push({ pointer, detail: `${method} needs two components or more; use single-styleforge for one` });
  }
  components.forEach((component, index) => {
    const before = components.slice(0, index);
    const field = (name: string) => `${pointer}/${index}/${name}`;
    if (before.some(({ name }) => name === component.name)) {
      errors.push({ pointer: field('name'), detail: `the component ${component.name} is named twice: rename or remove one` });
    }
    if (placeholderOf(component) === CAPTION_PLACEHOLDER) {
      errors.push({
        pointer: field('name'),
        detail: `must not be ${component.name}: ${CAPTION_PLACEHOLDER} stands for the caption of each image; rename the component`,
      });
    }
    if (component.token === '') {
      errors.push({ pointer: field('token'), detail: `set a token: only the first ${RARE_TOKENS.length} components have a default token` });
    } else if (before.some(({ token }) => token === component.token)) {
      errors.push({ pointer: field('token'), detail: `the token ${component.token} is already used by another component: choose another` });
    } else if (!namesToken(component.prompt, component.token)) {
      errors.push({
        pointer: field('prompt'),
        detail: `the prompt must contain [V] or, as a word of its own, the token ${component.token}`,
      });
    }
  });
  return errors;
}

function checkPriorPreservation({ method, aux, prior_preservation }: CreateTrainingJobRequest): FieldError[] {
  const pointer = '/prior_preservation';
  if (!prior_preservation) return [];
  if (METHOD_BINDINGS[method].hasAux) return [{ pointer, detail: `applies to the other methods; ${method} takes its Aux images from aux` }];
  if (aux) return [{ pointer, detail: 'aux already names images: set only one of the two' }];
  return [];
}

function checkHyperparameters(values: Hyperparameters): FieldError[] {
  const pointer = (name: keyof Hyperparameters): string => `/hyperparameters/${name}`;
  const needsCaptions = values.caption_dropout > 0 ? 'caption_dropout' : values.shuffle_tags ? 'shuffle_tags' : null;
  if (needsCaptions !== null && !values.use_captions)
    return [
      { pointer: pointer(needsCaptions), detail: 'changes captions, which are not used: set use_captions to true, or omit this field' },
    ];
  if (values.keep_tags > 0 && !values.shuffle_tags)
    return [{ pointer: pointer('keep_tags'), detail: 'has no effect without shuffle_tags: set shuffle_tags to true, or omit this field' }];
  if (values.unmasked_weight > 0 && !values.masked_loss)
    return [
      { pointer: pointer('unmasked_weight'), detail: 'has no effect without masked_loss: set masked_loss to true, or omit this field' },
    ];
  const unfit = checkOptimizer(values);
  if (unfit !== null) return [{ pointer: pointer(unfit.name), detail: unfit.detail }];
  if (values.lr_warmup_steps <= values.max_train_steps) return [];
  return [{ pointer: '/hyperparameters/lr_warmup_steps', detail: `must be at most max_train_steps (${values.max_train_steps})` }];
}

/** Smallest plausible factor for Prodigy's rate. A smaller value is probably a learning rate for AdamW. */
const SMALLEST_FACTOR = 0.01;

function checkOptimizer(values: Hyperparameters): { name: keyof Hyperparameters; detail: string } | null {
  if (values.optimizer !== 'prodigy') {
    if (values.prodigy_d_coef === METHOD_HYPERPARAMETERS.prodigy_d_coef) return null;
    return { name: 'prodigy_d_coef', detail: "has no effect without prodigy: set optimizer to 'prodigy', or omit this field" };
  }
  if (values.learning_rate < SMALLEST_FACTOR)
    return {
      name: 'learning_rate',
      detail: `with prodigy, this multiplies the rate that prodigy finds, and is at least ${SMALLEST_FACTOR}: omit it for 1`,
    };
  if (values.text_encoder_learning_rate !== null && values.text_encoder_learning_rate !== values.learning_rate)
    return { name: 'text_encoder_learning_rate', detail: 'prodigy finds one rate for all weights: omit this field' };
  if (values.adam_moments !== 'float32')
    return { name: 'adam_moments', detail: "prodigy keeps float32 moments: omit this field, or set optimizer to 'adamw'" };
  return null;
}
