// The parts of an installation and the lengths of its queues.
import { z } from 'zod';
import { dependencyState } from '../common/health.ts';
import { timestamp } from '../common/pages.ts';

export const queueState = z
  .object({
    queue: z.string().describe('`train`, `generate`, `evaluate` or `export`'),
    waiting: z.int().describe('Waiting work of all projects'),
    own_waiting: z.int().describe("Waiting work of the caller's project"),
    running: z.int().describe('Running work of all projects'),
    own_running: z.int(),
    oldest_waiting_since: timestamp.nullable(),
    workers: z.int().describe('Live workers that take jobs from the queue'),
    slots: z.int().describe('Number of jobs that these workers run at the same time'),
  })
  .meta({ id: 'QueueState' });
export type QueueStateBody = z.infer<typeof queueState>;

const queueEntry = z.object({
  queue: z.string(),
  id: z.string(),
  position: z.int().nullable().describe('Number of waiting items of all projects ahead of it; only for training jobs'),
  priority: z.enum(['low', 'normal', 'high']),
  since: timestamp,
});

export const queueReport = z
  .object({
    queues: z.array(queueState),
    next: z.array(queueEntry).describe("The first hundred waiting items of the caller's project, in the order in which they were queued"),
  })
  .meta({ id: 'QueueReport' });
export type QueueReportBody = z.infer<typeof queueReport>;

export const systemReport = z
  .object({
    version: z.string().describe('Version of StyleForge'),
    node: z.string(),
    platform: z.string(),
    started_at: timestamp.describe('Time at which this API process started'),
    status: z.enum(['ready', 'not_ready']),
    dependencies: z.record(z.string(), dependencyState),
    base_models: z.array(z.string()),
    workers: z.object({ live: z.int(), working: z.int(), draining: z.int(), lost: z.int() }),
    devices: z.record(z.string(), z.int()).describe('Live workers by device'),
    versions: z.record(z.string(), z.int()).describe('Live workers by version'),
  })
  .meta({ id: 'SystemReport' });
export type SystemReportBody = z.infer<typeof systemReport>;
