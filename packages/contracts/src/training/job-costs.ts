// Costs of a training in time, memory and disk space: measured on earlier jobs, and estimated from those for a new one.
import { median } from '../common/median.ts';
import { z } from 'zod';
import { DEVICES } from '../common/devices.ts';
import type { DeviceName } from '../common/devices.ts';
import type { TrainingConfig } from './training-config.ts';

/** Measurements of one job on one kind of device. */
export interface JobCost {
  device: DeviceName;
  steps: number;
  stepSeconds: number;
  startSeconds: number;
  validationSeconds: number | null;
  checkpointSeconds: number | null;
  checkpointBytes: number | null;
  peakMemoryBytes: number;
  /** Peak use of the card's own memory in bytes; null if the device has none, or it was not measured. */
  deviceMemoryBytes: number | null;
  /** Whether activations were computed again in the backward pass to save memory of the card; null as above. */
  recomputes: boolean | null;
}

const cardMemory = {
  device_memory_bytes: z
    .int()
    .nullable()
    .describe("Peak memory of the card itself, in bytes; null: unknown, or the device computes in the computer's own memory"),
  recomputes_activations: z
    .boolean()
    .nullable()
    .describe(
      'Whether activations are computed again in the backward pass: the worker decides it from the free memory of ' +
        'its card. As in the newest measured job; null: unknown',
    ),
};

const deviceEstimate = z
  .object({
    device: z.enum(DEVICES),
    workers: z.int().describe('Number of live workers with such a device that take training jobs'),
    seconds: z
      .number()
      .nullable()
      .describe('Time of the whole job: start, steps, validations and checkpoints; null: no such job has been measured'),
    step_seconds: z.number().nullable(),
    peak_memory_bytes: z.int().nullable().describe('Peak memory of the training process'),
    ...cardMemory,
    jobs: z.int().describe('Number of earlier jobs that were measured'),
  })
  .meta({ id: 'DeviceEstimate' });

type DeviceEstimate = z.infer<typeof deviceEstimate>;

export const jobEstimate = z
  .object({
    seconds: z
      .number()
      .nullable()
      .describe(
        'Time until the last step, on the fastest kind of device of the present workers, or without workers on the ' +
          'fastest measured one; null: unknown',
      ),
    peak_memory_bytes: z.int().nullable().describe('Peak memory of the training process there, in bytes; null: unknown'),
    ...cardMemory,
    checkpoint_bytes: z.int().nullable().describe('Bytes of one checkpoint; null: unknown'),
    checkpoints_bytes: z.int().nullable().describe('Bytes of all checkpoints that the job keeps; null: unknown'),
    devices: z
      .array(deviceEstimate)
      .describe(
        'One entry for each kind of device that a worker has or that has trained such a job. Devices of present ' +
          'workers come first, then the fastest',
      ),
    queue_position: z.int().describe('Number of queued jobs of the project ahead of this one'),
    basis: z.string().describe('What the numbers are based on, or why they are unknown'),
  })
  .meta({ id: 'TrainingEstimate' });
export type JobEstimate = z.infer<typeof jobEstimate>;

/** Key of the settings that determine the cost of a step: jobs with the same key take equally long for a step on the same device. */
export function costKey(config: TrainingConfig): string {
  const { hyperparameters: values, adaptation, aux, prior_preservation: prior } = config;
  const { resolution, train_batch_size, gradient_accumulation_steps, train_text_encoder, gradient_checkpointing, ema } = values;
  const { adam_moments, gradient_precision, mixed_precision, optimizer, buckets } = values;
  return JSON.stringify([
    config.base_model,
    config.method,
    adaptation,
    aux !== null || prior !== null ? 'aux' : 'style',
    [resolution, train_batch_size, gradient_accumulation_steps],
    [train_text_encoder, gradient_checkpointing, ema],
    [adam_moments, gradient_precision, mixed_precision],
    // Keys of earlier jobs lack these settings.
    ...(optimizer === 'adamw' ? [] : [optimizer]),
    ...(buckets ? ['buckets'] : []),
  ]);
}

/** Number of live workers that take training jobs, by kind of device. */
export type WorkerCounts = Partial<Record<DeviceName, number>>;

/** Estimates a job. `costs`: measurements of jobs with the same key, newest first. */
export function estimateJob(
  config: TrainingConfig,
  costs: readonly JobCost[],
  queuePosition: number,
  workers: WorkerCounts = {},
): JobEstimate {
  const kinds = [...new Set([...costs.map(({ device }) => device), ...(Object.keys(workers) as DeviceName[])])];
  const devices = kinds
    .map((device) =>
      estimateOn(device, { measured: costs.filter((cost) => cost.device === device), workers: workers[device] ?? 0, config }),
    )
    .sort((a, b) => rankOf(a) - rankOf(b) || (a.seconds ?? 0) - (b.seconds ?? 0));
  const [first] = devices;
  const isThere = first !== undefined && (first.workers > 0 || Object.keys(workers).length === 0);
  const best = isThere && first.seconds !== null ? first : undefined;
  const bytes = costs.find(({ checkpointBytes }) => checkpointBytes !== null)?.checkpointBytes ?? null;
  return {
    seconds: best?.seconds ?? null,
    peak_memory_bytes: best?.peak_memory_bytes ?? null,
    device_memory_bytes: best?.device_memory_bytes ?? null,
    recomputes_activations: best?.recomputes_activations ?? null,
    checkpoint_bytes: bytes,
    checkpoints_bytes: bytes === null ? null : bytes * keptCheckpoints(config),
    devices,
    queue_position: queuePosition,
    basis: basisOf(devices, costs.length, best !== undefined),
  };
}

/** Ranks estimates: 0 if measured on a device that a worker has, then those measured elsewhere, then those without a measurement. */
const rankOf = ({ seconds, workers }: DeviceEstimate): number => (seconds === null ? 2 : workers > 0 ? 0 : 1);

const SAME = 'with the same method, base model, adaptation, size and batch';

function basisOf(devices: readonly DeviceEstimate[], jobs: number, isKnown: boolean): string {
  const measured = devices.filter(({ seconds }) => seconds !== null).map(({ device }) => device);
  const there = devices.filter(({ workers }) => workers > 0).map(({ device }) => device);
  if (measured.length === 0) return `unknown: no job ${SAME} has been trained here yet`;
  if (!isKnown)
    return `unknown: jobs ${SAME} were measured on ${measured.join(', ')} only, and the workers that are here now have ${there.join(', ')}`;
  return (
    `measured on ${jobs} earlier ${jobs === 1 ? 'job' : 'jobs'} ${SAME} ` +
    `(${measured.join(', ')})${there.length === 0 ? '; no worker is here now' : ''}`
  );
}

const NOTHING_MEASURED = {
  seconds: null,
  step_seconds: null,
  peak_memory_bytes: null,
  device_memory_bytes: null,
  recomputes_activations: null,
};

type Measured = { measured: readonly JobCost[]; workers: number; config: TrainingConfig };

function estimateOn(device: DeviceName, { measured, workers, config }: Measured): DeviceEstimate {
  if (measured.length === 0) return { device, workers, jobs: 0, ...NOTHING_MEASURED };
  const { max_train_steps: steps } = config.hyperparameters;
  const stepSeconds = median(measured.map((cost) => cost.stepSeconds));
  const known = (of: (cost: JobCost) => number | null) => median(measured.map(of).filter((value) => value !== null));
  const seconds =
    known(({ startSeconds }) => startSeconds) +
    steps * stepSeconds +
    validationCount(config) * known(({ validationSeconds }) => validationSeconds) +
    savedCheckpoints(config) * known(({ checkpointSeconds }) => checkpointSeconds);
  return {
    device,
    workers,
    seconds: rounded(seconds),
    step_seconds: rounded(stepSeconds),
    peak_memory_bytes: Math.max(...measured.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    device_memory_bytes: largestOf(measured.flatMap(({ deviceMemoryBytes }) => deviceMemoryBytes ?? [])),
    recomputes_activations: measured.find(({ recomputes }) => recomputes !== null)?.recomputes ?? null,
    jobs: measured.length,
  };
}

const largestOf = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));

function validationCount({ validation, hyperparameters: { max_train_steps: steps } }: TrainingConfig): number {
  // Before the first step, at regular intervals, and after the last step.
  return validation ? 1 + Math.ceil(steps / validation.every_steps) : 0;
}

function savedCheckpoints({ hyperparameters: { max_train_steps: steps, checkpointing_steps: every } }: TrainingConfig): number {
  return every === null ? 1 : Math.ceil(steps / every);
}

function keptCheckpoints(config: TrainingConfig): number {
  return Math.min(savedCheckpoints(config), config.hyperparameters.checkpoints_total_limit ?? Number.POSITIVE_INFINITY);
}

const rounded = (value: number): number => Number(value.toPrecision(4));
