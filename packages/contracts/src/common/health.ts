// Answers of /healthz and /readyz.
import { z } from 'zod';

export const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

export const readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    dependencies: z.record(z.string(), z.object({ status: z.enum(['up', 'down']), latency_ms: z.number(), detail: z.string().optional() })),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof readiness>;
