// StyleDrop (arXiv 2306.00983): the words for a style, and the two scales of its guidance.
import { z } from 'zod';

const style = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .describe('The words for the style in every prompt, such as `watercolor painting`; left out: the rare word `zwx`');

export const styledropRequest = z.strictObject({ style: style.optional() }).meta({ id: 'StyleDropRequest' });
export type StyleDropRequest = z.infer<typeof styledropRequest>;

export const styledropSettings = z.object({ style: z.string() }).meta({ id: 'StyleDropSettings' });
export type StyleDropSettings = z.infer<typeof styledropSettings>;

/** The paper's lambda_A and lambda_B where a request gives only one of them. */
export const STYLE_GUIDANCE = { style_guidance: 2, text_guidance: 5 } as const;
