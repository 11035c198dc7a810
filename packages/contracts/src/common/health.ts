// Responses of /healthz and /readyz.
import { z } from 'zod';

export const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health', description: 'The process responds' });

export const dependencyState = z.object({ status: z.enum(['up', 'down']), latency_ms: z.number(), detail: z.string().optional() });

export const readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    dependencies: z.record(z.string(), dependencyState),
  })
  .meta({ id: 'Readiness', description: 'State and response time of each dependency' });
export type Readiness = z.infer<typeof readiness>;
