// Prompts of a cell: what training binds to the style, and what images are generated from.
import { CAPTION_PLACEHOLDER } from '@styleforge/contracts';
import type { Cell } from './cells.ts';
import { METHODS } from './methods.ts';

/** Placeholder for the subject in a method's prompt. */
const SUBJECT = CAPTION_PLACEHOLDER;

/** Tokens of Multi-StyleForge's components, in order. */
export const MULTI_TOKENS = ['zwx', 'ukj', 'qov', 'jhf'] as const;

export const stylePrompt = (style: string): string => `a photo of ${style}`;

function multiPrompt({ mix, components = 2 }: Pick<Cell, 'mix' | 'components'>): string {
  const tokens = { both: MULTI_TOKENS.slice(0, components), persons: MULTI_TOKENS.slice(0, 1), backgrounds: MULTI_TOKENS.slice(1, 2) }[mix];
  return stylePrompt(tokens.map((token) => `${token} style`).join(', '));
}

/** Prompt that requests a method's style, with the subject inserted. */
export function promptOf({ method, mix, components }: Pick<Cell, 'method' | 'mix' | 'components'>): string {
  if (method === 'base') return SUBJECT;
  if (method === 'multi-styleforge') return `${multiPrompt({ mix, components })}, ${SUBJECT}`;
  const { token } = METHODS[method];
  return method === 'styledrop' ? `${SUBJECT} in ${token} style` : `${stylePrompt(`${token} style`)}, ${SUBJECT}`;
}
