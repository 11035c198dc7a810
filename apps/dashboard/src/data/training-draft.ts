// Draft of a training job, which the form, the YAML and the copied programs show.
import {
  APIError,
  type FieldError,
  type StyleForge,
  type TrainingEstimate,
  type TrainingJob,
  type TrainingJobCheck,
  type TrainingJobCreateParams,
} from '@styleforge/sdk';
import { CLONED_FROM } from './jobs.ts';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useClient } from './session.ts';

export type Draft = TrainingJobCreateParams & Record<string, unknown>;
type Path = readonly string[];

export const getAt = (draft: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => (value === null || typeof value !== 'object' ? undefined : (value as Record<string, unknown>)[key]),
    draft,
  );

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** A copy of the draft with the value at the path; undefined removes the setting, which restores its default. */
export function setAt<T>(draft: T, [key = '', ...rest]: Path, value: unknown): T {
  const copy = { ...(draft as Record<string, unknown>) };
  const next = rest.length === 0 ? value : setAt(copy[key] ?? {}, rest, value);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy as T;
}

export const emptyDraft = (baseModel: string): Draft =>
  ({
    method: 'single-styleforge',
    base_model: baseModel,
    style_ref: { dataset_id: '' },
    aux: { dataset_id: '' },
    hyperparameters: {},
  }) as unknown as Draft;

type Component = { name: string; token?: string | undefined };

/** The text with placeholders where it names tokens, so that it also fits other tokens: `[V]` for the first, `[name]` for the others. */
export function withPlaceholders(text: string, components: readonly Component[]): string {
  return components.reduce((words, { name, token }, index) => {
    if (!token) return words;
    const whole = new RegExp(`(?<![\\w-])${token.replaceAll(/[$()*+./?[\\\]^{|}]/g, String.raw`\$&`)}(?![\\w-])`, 'g');
    return words.replaceAll(whole, index === 0 ? '[V]' : `[${name}]`);
  }, text);
}

/** A request that makes the same job again. */
export function draftOf(job: TrainingJob, defaults: Record<string, unknown>): Draft {
  const { id, config, name, metadata, method, base_model: base, webhook_url: url, webhook_events: events, priority } = job;
  const { style_ref: style, aux, adaptation, hyperparameters, validation, evaluation, early_stopping: early, suffix } = config;
  const changed = Object.entries(hyperparameters).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]));
  return {
    method,
    base_model: base,
    style_ref: {
      ...style,
      components: style.components.map((one) => ({ ...one, prompt: withPlaceholders(one.prompt, [one]) })),
    },
    ...(aux && { aux }),
    ...(!(adaptation.kind in WHOLE_MODELS) && { adaptation }),
    hyperparameters: Object.fromEntries(changed),
    ...(validation && {
      validation: { ...validation, prompts: validation.prompts.map((prompt) => withPlaceholders(prompt, style.components)) },
    }),
    ...(evaluation && { evaluation: { metrics: evaluation.metrics, compare_with: evaluation.comparisons.map((one) => one.name) } }),
    early_stopping: early && {
      ...early,
      min_clip_share: early.min_clip_share ?? undefined,
      reference_dataset_id: early.reference_dataset_id ?? undefined,
    },
    ...(suffix && { suffix }),
    ...(url && { webhook_url: url }),
    ...(events.length > 0 && { webhook_events: events }),
    ...(priority !== 'normal' && { priority }),
    ...(name && { name: `${name.slice(0, 190)} (copy)` }),
    metadata: { ...metadata, [CLONED_FROM]: id },
  } as Draft;
}

/** Adaptations that train all weights, the default of a draft without an adaptation. */
const WHOLE_MODELS: Readonly<Record<string, true>> = { full: true };
/** Methods with a style descriptor, candidates and a second round. */
const ROUNDS: Partial<Record<Draft['method'], true>> = { styledrop: true };
export const hasRounds = (method: Draft['method']): boolean => ROUNDS[method] === true;
/** Methods that require Aux images; for the others they are optional. */
export const METHODS_WITH_AUX: Draft['method'][] = ['single-styleforge', 'multi-styleforge'];

/** Whether every dataset that the method needs is chosen. */
export function hasDatasets(draft: Draft): boolean {
  const isChosen = (part: string) => ![undefined, ''].includes(getAt(draft, [part, 'dataset_id']) as string | undefined);
  return isChosen('style_ref') && (isChosen('aux') || !METHODS_WITH_AUX.includes(draft.method));
}

/** The draft as a request: without datasets that are not chosen yet. */
export function requestOf(draft: Draft): Draft {
  const isSpare = getAt(draft, ['aux', 'dataset_id']) === '' && !METHODS_WITH_AUX.includes(draft.method);
  if (isSpare) return requestOf(setAt(draft, ['aux'], undefined));
  const withoutEmpty = ['style_ref', 'aux'].reduce((request, part) => {
    return getAt(request, [part, 'dataset_id']) === '' ? setAt(request, [part, 'dataset_id'], undefined) : request;
  }, draft);
  return withoutEmpty;
}

export interface Check {
  errors: FieldError[];
  detail: string;
  requestId?: string | undefined;
  estimate?: TrainingEstimate | undefined;
  /** Settings that the service resolves; null: none. */
  earlyStopping?: TrainingJobCheck['early_stopping'];
}

async function check(client: StyleForge, draft: Draft, signal: AbortSignal): Promise<Check> {
  try {
    const { estimate, early_stopping: earlyStopping } = await client.trainingJobs.check(requestOf(draft), { signal, maxRetries: 1 });
    return { errors: [], detail: '', estimate, earlyStopping };
  } catch (error) {
    if (error instanceof APIError && error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 429)
      return { errors: error.errors, detail: error.detail, requestId: error.requestId };
    throw error;
  }
}

const PAUSE_MS = 350;

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** Has the service check the draft shortly after each change. */
export function useCheck(draft: Draft) {
  const client = useClient();
  const settled = useSettled(draft);
  return useQuery({
    queryKey: ['check', settled],
    queryFn: ({ signal }) => check(client, settled, signal),
    placeholderData: (before) => before,
    enabled: settled.base_model !== '',
  });
}

export const errorAt = (check: Check | undefined, path: Path): string | undefined =>
  check?.errors.find(({ pointer }) => pointer === `/${path.join('/')}`)?.detail;
