// scheduler_config.json: the fields that the schedulers read, checked. Each scheduler has upstream's defaults.

export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2';
export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';
export type TimestepSpacing = 'leading' | 'trailing' | 'linspace';
export type FinalSigmas = 'zero' | 'sigma_min';

export interface NoiseScheduleConfig {
  num_train_timesteps: number;
  beta_start: number;
  beta_end: number;
  beta_schedule: BetaSchedule;
  trained_betas: readonly number[] | null;
  rescale_betas_zero_snr: boolean;
  prediction_type: PredictionType;
}

/** The file's content; unknown keys are ignored. */
export type SchedulerConfig = Readonly<Record<string, unknown>>;

/** Thrown for a scheduler config that cannot be used; the message names the field. */
export class SchedulerConfigError extends Error {
  override name = 'SchedulerConfigError';
  readonly code = 'unsupported_base_model';

  constructor(message: string) {
    super(`scheduler config: ${message}`);
  }
}

/** Infinities, which JSON lacks and which some programs write as strings. */
const quotedInfinities: Readonly<Record<string, number>> = { Infinity, '-Infinity': -Infinity };
const unquoted = (value: unknown): unknown => (typeof value === 'string' ? (quotedInfinities[value] ?? value) : value);

export function numberField(config: SchedulerConfig, name: string, fallback: number): number {
  const value = unquoted(config[name]) ?? fallback;
  if (typeof value !== 'number' || Number.isNaN(value)) throw new SchedulerConfigError(`${name} must be a number`);
  return value;
}

export function wholeNumberField(config: SchedulerConfig, name: string, fallback: number, least: number): number {
  const value = numberField(config, name, fallback);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new SchedulerConfigError(`${name} must be a whole number of at least ${least}, not ${value}`);
  }
  return value;
}

export function booleanField(config: SchedulerConfig, name: string, fallback: boolean): boolean {
  const value = config[name] ?? fallback;
  if (typeof value !== 'boolean') throw new SchedulerConfigError(`${name} must be true or false`);
  return value;
}

export function choiceField<Choice extends string>(
  config: SchedulerConfig,
  name: string,
  fallback: Choice,
  choices: readonly Choice[],
): Choice {
  const value = config[name] ?? fallback;
  const found = choices.find((choice) => choice === value);
  if (found === undefined)
    throw new SchedulerConfigError(`${name} ${JSON.stringify(value)} is not one of ${choices.join(', ')}; set one of them`);
  return found;
}

/** Refuses a config with unsupported settings instead of sampling something else. */
export function refuse(config: SchedulerConfig, scheduler: string, names: readonly string[]): void {
  for (const name of names) {
    if (config[name]) throw new SchedulerConfigError(`${scheduler} does not support ${name}; set it to false`);
  }
}

function trainedBetas(config: SchedulerConfig): readonly number[] | null {
  const value = config.trained_betas ?? null;
  if (value === null) return null;
  if (!Array.isArray(value) || value.length === 0 || !value.every((beta) => typeof beta === 'number')) {
    throw new SchedulerConfigError('trained_betas must be a list of numbers or null');
  }
  return value;
}

export function noiseScheduleConfig(config: SchedulerConfig): NoiseScheduleConfig {
  const betas = trainedBetas(config);
  return {
    num_train_timesteps: betas?.length ?? wholeNumberField(config, 'num_train_timesteps', 1000, 1),
    beta_start: numberField(config, 'beta_start', 0.0001),
    beta_end: numberField(config, 'beta_end', 0.02),
    beta_schedule: choiceField(config, 'beta_schedule', 'linear', ['linear', 'scaled_linear', 'squaredcos_cap_v2']),
    trained_betas: betas,
    rescale_betas_zero_snr: booleanField(config, 'rescale_betas_zero_snr', false),
    prediction_type: choiceField(config, 'prediction_type', 'epsilon', ['epsilon', 'v_prediction', 'sample']),
  };
}
