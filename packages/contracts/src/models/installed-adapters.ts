// The file adapter.json of an adapter that an operator has installed for all projects.
import { z } from 'zod';
import { baseModelName } from './base-models.ts';

export const INSTALLED_ADAPTER_FILE = 'adapter.json';

export const installedAdapter = z.object({
  base_model: baseModelName,
  file: z.string().regex(/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,199}$/u),
  tokens: z.array(z.string()).default([]).describe('Words that prompts use for it'),
  title: z.string().optional(),
  license: z.string().optional(),
});
export type InstalledAdapter = z.infer<typeof installedAdapter>;
