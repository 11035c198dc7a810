// Captions as a run uses them: sometimes omitted, and with their tags in other orders. The caption at a place of the run follows from
// (seed, pass, place) alone.
import { permutation, randomIntegers, randomUniforms } from '@styleforge/diffusion';
import { type TrainingHyperparameters } from '../config.ts';
import { type PromptList } from './prompts.ts';

type CaptionSettings = Pick<TrainingHyperparameters, 'use_captions' | 'caption_dropout' | 'shuffle_tags' | 'keep_tags' | 'seed'>;

/** The prompts of an image by number: with its caption, once for each order of its tags, and without it. */
export interface PromptChoice {
  readonly captioned: readonly number[];
  readonly bare: number;
}

/** Prompts are encoded before the first step: this many orders of an image's tags are chosen, and each use takes one of them. */
const MOST_ORDERS = 16;

const factorial = (count: number): number => (count <= 1 ? 1 : count * factorial(count - 1));

/** The caption with the tags behind the first `keep` in other orders, the given one first. */
export function tagOrders(caption: string, { keep_tags: keep, seed }: Pick<CaptionSettings, 'keep_tags' | 'seed'>): string[] {
  const tags = caption
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  const [kept, loose] = [tags.slice(0, keep), tags.slice(keep)];
  const wanted = Math.min(MOST_ORDERS, factorial(Math.min(loose.length, MOST_ORDERS)));
  const orders = new Set([caption]);
  for (let step = 0; orders.size < wanted; step++) {
    const order = permutation({ seed, step, purpose: `tags ${caption}` }, loose.length);
    const shuffled = [...kept, ...Array.from(order, (place) => loose[place])];
    orders.add(order.every((place, i) => place === i) ? caption : shuffled.join(', '));
  }
  return [...orders];
}

/** Numbers all prompts that the image may be trained with. */
export function promptChoice(
  list: PromptList,
  prompt: string,
  caption: string | null | undefined,
  settings: CaptionSettings,
): PromptChoice {
  if (!settings.use_captions || !caption) {
    const bare = list.add(prompt);
    return { captioned: [bare], bare };
  }
  const orders = settings.shuffle_tags ? tagOrders(caption, settings) : [caption];
  const captioned = orders.map((order) => list.add(prompt, order));
  return { captioned, bare: settings.caption_dropout > 0 ? list.add(prompt) : captioned[0] };
}

/** The prompt of an image at one place of a pass. */
export function drawPrompt({ captioned, bare }: PromptChoice, settings: CaptionSettings, key: { step: number; index: number }): number {
  const { caption_dropout: dropout, seed } = settings;
  if (dropout > 0 && randomUniforms({ seed, ...key, purpose: 'caption-dropout' }, 1)[0] < dropout) return bare;
  if (captioned.length === 1) return captioned[0];
  return captioned[randomIntegers({ seed, ...key, purpose: 'tag-order' }, 1, captioned.length)[0]];
}
