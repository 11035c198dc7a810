// The command that repeats a report: the resolved configuration as a request.
import type {
  CreateEvaluationRequest,
  CreateTrainingJobRequest,
  EvaluatedModel,
  EvaluationConfig,
  EvaluationRequest,
  EvaluationStage,
  TrainingConfig,
} from '@styleforge/contracts';

export function trainingCommand(config: TrainingConfig): string {
  return postCommand('/v1/training-jobs', trainingRequest(config));
}

export function evaluationCommand({ models: [model, ...comparisons], ...settings }: EvaluationConfig): string {
  const body: CreateEvaluationRequest = {
    model: model?.checkpoint_id ?? model?.adapter?.model ?? model?.base_model ?? '',
    ...evaluationRequest(settings, comparisons),
  };
  return postCommand('/v1/evaluations', body);
}

/** The request that resolves to the same configuration. */
function trainingRequest({ evaluation, early_stopping, ...config }: TrainingConfig): Partial<CreateTrainingJobRequest> {
  return {
    ...withoutNulls(config),
    ...(evaluation && { evaluation: evaluationRequest(evaluation, evaluation.comparisons) }),
    early_stopping: early_stopping && withoutNulls(early_stopping),
  } as Partial<CreateTrainingJobRequest>;
}

function evaluationRequest(settings: Omit<EvaluationStage, 'comparisons'>, comparisons: EvaluatedModel[]): EvaluationRequest {
  const {
    num_images,
    sampler,
    steps,
    guidance_scale,
    negative_prompt,
    seed,
    metrics,
    extractor,
    clip_extractor,
    reference_dataset_id,
    prompt_set,
  } = settings;
  return {
    prompts: prompt_set ? `${prompt_set.name}@${prompt_set.version}` : settings.prompts,
    num_images,
    sampler,
    steps,
    guidance_scale,
    negative_prompt,
    seed,
    metrics,
    extractor,
    clip_extractor,
    ...(reference_dataset_id !== null && { reference_dataset_id }),
    compare_with: comparisons.map(({ name }) => name),
  };
}

/** Removes nulls at the top level; deeper nulls are values. */
function withoutNulls<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Partial<T>;
}

function postCommand(path: string, body: object): string {
  const command =
    `curl -X POST "$STYLEFORGE_BASE_URL${path}" -H "Authorization: Bearer $STYLEFORGE_API_KEY" -H 'Content-Type: ` +
    `application/json' --data-binary @- <<'JSON'`;
  return `${command}\n${JSON.stringify(body, null, 2)}\nJSON`;
}
