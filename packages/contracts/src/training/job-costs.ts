// What a training costs in time, memory and disk: measured on earlier jobs, and estimated from them for a new one.
import { median } from '../common/median.ts';
import { z } from 'zod';
import { DEVICES } from '../common/devices.ts';
import type { DeviceName } from '../common/devices.ts';
import type { TrainingConfig } from './training-config.ts';

/** What was measured of one job on one kind of device. */
export interface JobCost {
  device: DeviceName;
  steps: number;
  stepSeconds: number;
  startSeconds: number;
  validationSeconds: number | null;
  checkpointSeconds: number | null;
  checkpointBytes: number | null;
  peakMemoryBytes: number;
}

const deviceEstimate = z
  .object({
    device: z.enum(DEVICES),
    seconds: z.number().describe('From the first step of the work to the last: start, steps, validations and checkpoints'),
    step_seconds: z.number(),
    peak_memory_bytes: z.int().describe('Memory of the training process at its height'),
    jobs: z.int().describe('Earlier jobs that were measured'),
  })
  .meta({ id: 'DeviceEstimate' });

export const jobEstimate = z
  .object({
    seconds: z.number().nullable().describe('Until the last step on the fastest device that has been measured; null: unknown'),
    peak_memory_bytes: z.int().nullable().describe('Most memory on that device, in bytes; null: unknown'),
    checkpoint_bytes: z.int().nullable().describe('Bytes of one checkpoint; null: unknown'),
    checkpoints_bytes: z.int().nullable().describe('Bytes of all checkpoints that the job keeps; null: unknown'),
    devices: z.array(deviceEstimate).describe('One for each kind of device that has trained such a job, the fastest first'),
    queue_position: z.int().describe('Queued jobs of the project ahead of this one'),
    basis: z.string().describe('What the numbers were measured on, or why they are unknown'),
  })
  .meta({ id: 'TrainingEstimate' });
export type JobEstimate = z.infer<typeof jobEstimate>;

/** Settings that decide what one step costs: jobs with the same key take as long for a step on the same device. */
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
    // Earlier jobs have keys without these.
    ...(optimizer === 'adamw' ? [] : [optimizer]),
    ...(buckets ? ['buckets'] : []),
  ]);
}

/** `costs`: of jobs with the same key, the newest first. */
export function estimateJob(config: TrainingConfig, costs: readonly JobCost[], queuePosition: number): JobEstimate {
  const devices = [...new Set(costs.map(({ device }) => device))]
    .map((device) => estimateOn(device, ofDevice(costs, device), config))
    .sort((a, b) => a.seconds - b.seconds);
  const [fastest] = devices;
  const bytes = costs.find(({ checkpointBytes }) => checkpointBytes !== null)?.checkpointBytes ?? null;
  return {
    seconds: fastest?.seconds ?? null,
    peak_memory_bytes: fastest?.peak_memory_bytes ?? null,
    checkpoint_bytes: bytes,
    checkpoints_bytes: bytes === null ? null : bytes * keptCheckpoints(config),
    devices,
    queue_position: queuePosition,
    basis: fastest
      ? `measured on ${costs.length} earlier ${costs.length === 1 ? 'job' : 'jobs'} with the same method, base model, adaptation, size and batch (${devices.map(({ device }) => device).join(', ')})`
      : 'unknown: no job with this method, base model, adaptation, size and batch has been trained here yet',
  };
}

const ofDevice = (costs: readonly JobCost[], device: DeviceName): JobCost[] => costs.filter((cost) => cost.device === device);

function estimateOn(device: DeviceName, measured: readonly JobCost[], config: TrainingConfig): JobEstimate['devices'][number] {
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
    seconds: rounded(seconds),
    step_seconds: rounded(stepSeconds),
    peak_memory_bytes: Math.max(...measured.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    jobs: measured.length,
  };
}

function validationCount({ validation, hyperparameters: { max_train_steps: steps } }: TrainingConfig): number {
  // Before the first step, every so many steps, and after the last.
  return validation ? 1 + Math.ceil(steps / validation.every_steps) : 0;
}

function savedCheckpoints({ hyperparameters: { max_train_steps: steps, checkpointing_steps: every } }: TrainingConfig): number {
  return every === null ? 1 : Math.ceil(steps / every);
}

function keptCheckpoints(config: TrainingConfig): number {
  return Math.min(savedCheckpoints(config), config.hyperparameters.checkpoints_total_limit ?? Number.POSITIVE_INFINITY);
}

const rounded = (value: number): number => Number(value.toPrecision(4));
