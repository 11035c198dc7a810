// Schema of the results that the measuring process sends to the worker.
import { EXTRACTORS, report, reportMetric, reportModel, tokenDisentanglement } from '@styleforge/contracts';
import { z } from 'zod';

const { warnings, diversity, memorised } = reportModel.shape;

export const measurements = z.object({
  extractors: z.array(z.object({ name: z.enum(EXTRACTORS), dimension: z.int(), resize: z.string(), weights_sha256: z.string() })),
  similarity_extractor: z.enum(EXTRACTORS),
  reference_sha256: z.string().nullable(),
  models: z.array(
    z.object({
      metrics: z.array(reportMetric),
      warnings,
      diversity,
      memorised,
      /** Pairs of indexes into the generated and the StyleRef images, nearest first. */
      nearest: z.array(z.object({ generated: z.int(), reference: z.int(), distance: z.number(), memorised: z.boolean() })),
    }),
  ),
  overfitting: report.shape.overfitting,
  token_disentanglement: tokenDisentanglement.nullable(),
});
export type Measurements = z.infer<typeof measurements>;
