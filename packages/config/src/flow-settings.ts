// Settings of the job flow: what a project may queue and run at a time, how webhooks are sent, how long things are kept.
import { z } from 'zod';
import { isNetwork } from './address-policy.ts';
import { flag } from './operations-settings.ts';

const days = (otherwise: number) => z.coerce.number().int().min(0).default(otherwise);
const budget = (otherwise: number) => z.coerce.number().min(10).default(otherwise);
export const networks = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((list) => list.every(isNetwork), 'must be networks such as 10.0.0.0/8 or fd00::/8, separated by commas');

export const flowEnvironment = {
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('URL at which callers reach the API, for the links in webhooks'),
  WEBHOOK_ALLOWED_NETWORKS: networks
    .optional()
    .describe('Networks that webhooks may reach in addition to the public internet: `10.0.0.0/8,fd00::/8`'),
  WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().min(1).max(60).default(15).describe('Time that a webhook receiver has to respond'),
  WEBHOOK_DISABLE_AFTER_DAYS: z.coerce.number().min(1).default(5).describe('Days of failures after which an endpoint is disabled'),
  MAX_QUEUED_JOBS_PER_PROJECT: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000)
    .describe('Training jobs that a project may have waiting, unless the project has its own limit'),
  MAX_RUNNING_JOBS_PER_PROJECT: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Training jobs that a project may have running at a time; default: as many as there are workers'),
  GENERATION_BUDGET_PER_PROJECT: budget(100_000).describe(
    'What the unfinished generations of a project may cost together, unless the project has its own limit: images x megapixels x steps, twice with guidance, at least 10 each. A single request that costs more is refused (4 images of 512x512 in 50 steps with guidance cost 105)',
  ),
  EVALUATION_BUDGET_PER_PROJECT: budget(5_000_000).describe(
    'The same for unfinished evaluations, all their models together; also the limit for the evaluation stage of a training job',
  ),
  RETENTION_CHECKPOINT_DAYS: days(30).describe(
    'How long checkpoints are kept after their job has ended; the result and the latest checkpoint are always kept. 0 = never delete (also for the settings below)',
  ),
  RETENTION_VALIDATION_IMAGE_DAYS: days(90).describe('How long validation images of ended jobs are kept'),
  RETENTION_GENERATED_IMAGE_DAYS: days(90).describe('How long generated images are kept'),
  RETENTION_EXPORT_DAYS: days(7).describe(
    'How long a file that was made of a checkpoint is kept after somebody last asked for it; it is made again when asked for',
  ),
  RETENTION_WEBHOOK_DELIVERY_DAYS: days(30).describe('How long webhook deliveries are kept'),
  ORPHAN_GRACE_HOURS: z.coerce
    .number()
    .min(1)
    .default(24)
    .describe(
      'Minimum age before a sweep removes objects without a database row; also the time between the first and the second look at a row without its object',
    ),
  SWEEP_MINUTES: z.coerce.number().int().min(1).max(40_000).default(60).describe('Pause between two sweeps'),
  TRASH_DAYS: days(7).describe(
    'How long what a sweep removes from the object store stays below `trash/` there before it is deleted; 0 deletes at once',
  ),
  SWEEP_BRAKE: flag
    .default(true)
    .describe(
      'Whether a sweep stops when more rows lack their objects, or more objects their rows, than crashes leave; `false` for one sweep, after its log was read',
    ),
  SWEEP_DRY_RUN: flag.default(false).describe('Whether a sweep only logs what it would remove'),
};

type FlowEnvironment = z.infer<z.ZodObject<typeof flowEnvironment>>;

export interface FlowConfig {
  /** Limit for projects without a number of their own, like the next one. */
  maxQueuedJobsPerProject: number;
  /** Limit of a project's running jobs. Absent: as many as there are workers. */
  maxRunningJobsPerProject?: number;
  /** What the unfinished work of a project may cost, unless it has numbers of its own. */
  generationBudgetPerProject: number;
  evaluationBudgetPerProject: number;
  webhooks: {
    publicUrl?: string;
    /** Networks that may be reached beside the public internet, in CIDR notation. */
    allowedNetworks: string[];
    timeoutSeconds: number;
    /** An endpoint that has failed for so long is disabled. */
    disableAfterDays: number;
  };
  sweep: {
    everyMinutes: number;
    /** Whether only the log says what would be removed. */
    dryRun: boolean;
    /** Hours for which objects without a row are left alone: their row may be on its way. */
    orphanGraceHours: number;
    checkpointDays: number;
    validationImageDays: number;
    generatedImageDays: number;
    exportDays: number;
    webhookDeliveryDays: number;
    /** What is removed from the store is deleted so many days later; 0: at once. */
    trashDays: number;
    /** Whether a sweep stops when store and database differ by more than crashes explain. */
    brake: boolean;
  };
}

export function flowConfigOf(settings: FlowEnvironment): FlowConfig {
  return {
    maxQueuedJobsPerProject: settings.MAX_QUEUED_JOBS_PER_PROJECT,
    ...(settings.MAX_RUNNING_JOBS_PER_PROJECT && { maxRunningJobsPerProject: settings.MAX_RUNNING_JOBS_PER_PROJECT }),
    generationBudgetPerProject: settings.GENERATION_BUDGET_PER_PROJECT,
    evaluationBudgetPerProject: settings.EVALUATION_BUDGET_PER_PROJECT,
    webhooks: {
      ...(settings.PUBLIC_URL && { publicUrl: settings.PUBLIC_URL }),
      allowedNetworks: settings.WEBHOOK_ALLOWED_NETWORKS ?? [],
      timeoutSeconds: settings.WEBHOOK_TIMEOUT_SECONDS,
      disableAfterDays: settings.WEBHOOK_DISABLE_AFTER_DAYS,
    },
    sweep: {
      everyMinutes: settings.SWEEP_MINUTES,
      dryRun: settings.SWEEP_DRY_RUN,
      orphanGraceHours: settings.ORPHAN_GRACE_HOURS,
      checkpointDays: settings.RETENTION_CHECKPOINT_DAYS,
      validationImageDays: settings.RETENTION_VALIDATION_IMAGE_DAYS,
      generatedImageDays: settings.RETENTION_GENERATED_IMAGE_DAYS,
      exportDays: settings.RETENTION_EXPORT_DAYS,
      webhookDeliveryDays: settings.RETENTION_WEBHOOK_DELIVERY_DAYS,
      trashDays: settings.TRASH_DAYS,
      brake: settings.SWEEP_BRAKE,
    },
  };
}

export function flowEnvironmentOf(flow: FlowConfig): NodeJS.ProcessEnv {
  return {
    MAX_QUEUED_JOBS_PER_PROJECT: String(flow.maxQueuedJobsPerProject),
    MAX_RUNNING_JOBS_PER_PROJECT: flow.maxRunningJobsPerProject?.toString(),
    GENERATION_BUDGET_PER_PROJECT: String(flow.generationBudgetPerProject),
    EVALUATION_BUDGET_PER_PROJECT: String(flow.evaluationBudgetPerProject),
    PUBLIC_URL: flow.webhooks.publicUrl,
    WEBHOOK_ALLOWED_NETWORKS: flow.webhooks.allowedNetworks.join(),
    WEBHOOK_TIMEOUT_SECONDS: String(flow.webhooks.timeoutSeconds),
    WEBHOOK_DISABLE_AFTER_DAYS: String(flow.webhooks.disableAfterDays),
    RETENTION_CHECKPOINT_DAYS: String(flow.sweep.checkpointDays),
    RETENTION_VALIDATION_IMAGE_DAYS: String(flow.sweep.validationImageDays),
    RETENTION_GENERATED_IMAGE_DAYS: String(flow.sweep.generatedImageDays),
    RETENTION_EXPORT_DAYS: String(flow.sweep.exportDays),
    RETENTION_WEBHOOK_DELIVERY_DAYS: String(flow.sweep.webhookDeliveryDays),
    ORPHAN_GRACE_HOURS: String(flow.sweep.orphanGraceHours),
    SWEEP_MINUTES: String(flow.sweep.everyMinutes),
    TRASH_DAYS: String(flow.sweep.trashDays),
    SWEEP_BRAKE: String(flow.sweep.brake),
    SWEEP_DRY_RUN: String(flow.sweep.dryRun),
  };
}
