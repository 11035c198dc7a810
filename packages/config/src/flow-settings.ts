// Settings of the job flow: how many jobs a project may queue and run, how webhooks are sent, and how long data is kept.
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
    .describe('URL at which callers reach the API; used for links in webhooks. Set it if the API is behind a proxy'),
  WEBHOOK_ALLOWED_NETWORKS: networks
    .optional()
    .describe(
      'Networks that webhooks and image imports may reach in addition to the public internet, such as ' +
        '`10.0.0.0/8,fd00::/8`. Default: none, so that callers cannot make the service send requests to internal ' +
        'addresses. The log of deliveries shows the project the first 1,024 bytes of what these addresses respond',
    ),
  WEBHOOK_TIMEOUT_SECONDS: z.coerce
    .number()
    .min(1)
    .max(60)
    .default(15)
    .describe('Seconds within which a webhook receiver must respond. A later response counts as a failed delivery, which is tried again'),
  WEBHOOK_DISABLE_AFTER_DAYS: z.coerce
    .number()
    .min(1)
    .default(5)
    .describe('Days without a successful delivery after which a failing webhook endpoint is disabled'),
  MAX_QUEUED_JOBS_PER_PROJECT: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000)
    .describe(
      'Maximum number of waiting training jobs of a project, unless the project has its own limit. Above it, new ' +
        'jobs are refused with 429 `too_many_queued_jobs`',
    ),
  MAX_RUNNING_JOBS_PER_PROJECT: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'Maximum number of training jobs of a project that run at the same time; further ones wait. Default: no limit ' +
        'but the number of workers',
    ),
  GENERATION_BUDGET_PER_PROJECT: budget(100_000).describe(
    'Maximum cost of all unfinished generations of a project, unless the project has its own limit. Above it, ' +
      'requests are refused with 429 `too_much_unfinished_work`. The cost of a generation is images x megapixels x ' +
      'steps, twice that with guidance, and at least 10: 4 images of 512x512 in 50 steps with guidance cost 105',
  ),
  EVALUATION_BUDGET_PER_PROJECT: budget(5_000_000).describe(
    'The same limit for unfinished evaluations, summed over their models. It also applies to the evaluation stage of a training job',
  ),
  RETENTION_CHECKPOINT_DAYS: days(30).describe(
    'Days for which checkpoints are kept after their job has ended. The result and the latest checkpoint are ' +
      'always kept. 0 = never delete (also for the settings below)',
  ),
  RETENTION_VALIDATION_IMAGE_DAYS: days(90).describe(
    'Days for which the validation images of ended jobs are kept; those with a star are never deleted',
  ),
  RETENTION_GENERATED_IMAGE_DAYS: days(90).describe('Days for which generated images are kept; those with a star are never deleted'),
  RETENTION_EXPORT_DAYS: days(7).describe(
    'Days for which an exported file of a checkpoint is kept after it was last requested. A later request makes it again',
  ),
  RETENTION_WEBHOOK_DELIVERY_DAYS: days(30).describe('Days for which webhook deliveries are kept'),
  ORPHAN_GRACE_HOURS: z.coerce
    .number()
    .min(1)
    .default(24)
    .describe(
      'Minimum age in hours before the sweep removes objects missing a database row, or rows missing their object. ' +
        'Also the minimum time between two checks of such a row',
    ),
  SWEEP_MINUTES: z.coerce.number().int().min(1).max(40_000).default(60).describe('Minutes between two sweeps'),
  TRASH_DAYS: days(7).describe(
    'Days for which objects that a sweep removed stay in `trash/` of the object store, from where they can be ' +
      'restored; 0 = deleted immediately',
  ),
  SWEEP_BRAKE: flag
    .default(true)
    .describe(
      'Whether a sweep stops if more objects or rows are missing than crashes explain. Set to `false` for one sweep ' +
        'only, after reading its log',
    ),
  SWEEP_DRY_RUN: flag.default(false).describe('Set to `true` to log what a sweep would remove without removing it'),
};

type FlowEnvironment = z.infer<z.ZodObject<typeof flowEnvironment>>;

export interface FlowConfig {
  /** Limit of a project's waiting jobs, for projects that have no limit of their own. */
  maxQueuedJobsPerProject: number;
  /** Limit of a project's running jobs. Absent: as many as there are workers. */
  maxRunningJobsPerProject?: number;
  /** Maximum cost of a project's unfinished work, for projects that have no budgets of their own. */
  generationBudgetPerProject: number;
  evaluationBudgetPerProject: number;
  webhooks: {
    publicUrl?: string;
    /** Networks that may be reached in addition to the public internet, in CIDR notation. */
    allowedNetworks: string[];
    timeoutSeconds: number;
    /** Time of continuous failure after which an endpoint is disabled. */
    disableAfterDays: number;
  };
  sweep: {
    everyMinutes: number;
    /** Whether sweeps only log what they would remove. */
    dryRun: boolean;
    /** Hours for which objects without a row are not removed, because their row may still be written. */
    orphanGraceHours: number;
    checkpointDays: number;
    validationImageDays: number;
    generatedImageDays: number;
    exportDays: number;
    webhookDeliveryDays: number;
    /** Number of days after which objects removed from the store are deleted; 0: immediately. */
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
