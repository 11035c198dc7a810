// Settings of the job flow: what a project may queue and run at a time, and how webhooks are sent.
import { z } from 'zod';
import { isNetwork } from './address-policy.ts';

const networks = z.string().transform((text) => text.split(',').map((part) => part.trim()))
  .refine((list) => list.every(isNetwork), 'must be networks such as 10.0.0.0/8 or fd00::/8, parted by commas');

export const flowEnvironment = {
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional().describe('How callers reach the API, for the links in webhooks'),
  WEBHOOK_ALLOWED_NETWORKS: networks.optional().describe('Networks beside the public internet that webhooks may reach: `10.0.0.0/8,fd00::/8`'),
  WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().min(1).max(60).default(15).describe('How long a receiver of webhooks may take to answer'),
  WEBHOOK_DISABLE_AFTER_DAYS: z.coerce.number().min(1).default(5).describe('An endpoint that has failed for so long is switched off'),
  MAX_QUEUED_JOBS_PER_PROJECT: z.coerce.number().int().min(1).default(1_000).describe('Training jobs that a project may have waiting, unless it has a number of its own'),
  MAX_RUNNING_JOBS_PER_PROJECT: z.coerce.number().int().min(1).optional().describe('Training jobs that a project may have running at a time; without it as many as there are workers'),
};

type FlowEnvironment = z.infer<z.ZodObject<typeof flowEnvironment>>;

export interface FlowConfig {
  /** Both are for projects without numbers of their own. */
  maxQueuedJobsPerProject: number;
  /** Absent: as many as there are workers. */
  maxRunningJobsPerProject?: number;
  webhooks: {
    publicUrl?: string;
    /** Beside the public internet, in CIDR notation. */
    allowedNetworks: string[];
    timeoutSeconds: number;
    /** An endpoint that has failed for so long is disabled. */
    disableAfterDays: number;
  };
}

export function flowConfigOf(settings: FlowEnvironment): FlowConfig {
  return {
    maxQueuedJobsPerProject: settings.MAX_QUEUED_JOBS_PER_PROJECT,
    ...(settings.MAX_RUNNING_JOBS_PER_PROJECT && { maxRunningJobsPerProject: settings.MAX_RUNNING_JOBS_PER_PROJECT }),
    webhooks: {
      ...(settings.PUBLIC_URL && { publicUrl: settings.PUBLIC_URL }),
      allowedNetworks: settings.WEBHOOK_ALLOWED_NETWORKS ?? [],
      timeoutSeconds: settings.WEBHOOK_TIMEOUT_SECONDS,
      disableAfterDays: settings.WEBHOOK_DISABLE_AFTER_DAYS,
    },
  };
}

export function flowEnvironmentOf(flow: FlowConfig): NodeJS.ProcessEnv {
  return {
    MAX_QUEUED_JOBS_PER_PROJECT: String(flow.maxQueuedJobsPerProject),
    MAX_RUNNING_JOBS_PER_PROJECT: flow.maxRunningJobsPerProject?.toString(),
    PUBLIC_URL: flow.webhooks.publicUrl,
    WEBHOOK_ALLOWED_NETWORKS: flow.webhooks.allowedNetworks.join(),
    WEBHOOK_TIMEOUT_SECONDS: String(flow.webhooks.timeoutSeconds),
    WEBHOOK_DISABLE_AFTER_DAYS: String(flow.webhooks.disableAfterDays),
  };
}
