// Prompts of a cell: what training binds to the style, and what images are generated from.
import { CAPTION_PLACEHOLDER } from '@styleforge/contracts';
import type { Cell } from './cells.ts';
import { METHODS } from './methods.ts';

/** Placeholder for the subject in a method's prompt. */
const SUBJECT = CAPTION_PLACEHOLDER;

/** Tokens of Multi-StyleForge's components, in order. */
export const MULTI_TOKENS = ['zwx', 'ukj', 'qov', 'jhf'] as const;

export const stylePrompt = (style: string): string => `a photo of ${style}`;

/** Components by the images that they have, for cells with at most two. */
const [PERSONS, OTHERS] = [MULTI_TOKENS.slice(0, 1), MULTI_TOKENS.slice(1, 2)];

function multiPrompt({ mix, components = 2, ownToken }: PromptCell, isPerson: boolean): string {
  const tokens = { both: MULTI_TOKENS.slice(0, components), persons: PERSONS, backgrounds: OTHERS }[mix];
  if (ownToken) return stylePrompt(`${isPerson ? PERSONS[0] : OTHERS[0]} style`);
  return stylePrompt(tokens.map((token) => `${token} style`).join(', '));
}

type PromptCell = Pick<Cell, 'method' | 'mix' | 'components' | 'ownToken'>;

/** Prompt that requests a method's style for a person or another subject, with a placeholder for the subject. */
export function promptOf(cell: PromptCell, isPerson: boolean): string {
  const { method } = cell;
  if (method === 'base') return SUBJECT;
  if (method === 'multi-styleforge') return `${multiPrompt(cell, isPerson)}, ${SUBJECT}`;
  const { token } = METHODS[method];
  return method === 'styledrop' ? `${SUBJECT} in ${token} style` : `${stylePrompt(`${token} style`)}, ${SUBJECT}`;
}
