// Captions in a run: sometimes omitted, and with their tags in different orders. The caption of a sample depends only on
// (seed, pass, place).
import { permutation, randomIntegers, randomUniforms } from '@styleforge/diffusion';
import { type TrainingHyperparameters } from '../config.ts';
import { type PromptList } from './prompts.ts';

type CaptionSettings = Pick<TrainingHyperparameters, 'use_captions' | 'caption_dropout' | 'shuffle_tags' | 'keep_tags' | 'seed'>;

/** Numbers of an image's prompts: with its caption, for each order of its tags, and without it. */
export interface PromptChoice {
  readonly captioned: readonly number[];
  readonly bare: number;
}

/** Maximum number of tag orders of an image, because prompts are encoded before the first step. */
const MOST_ORDERS = 16;

const factorial = (count: number): number => (count <= 1 ? 1 : count * factorial(count - 1));

/** The caption with the tags after the first `keep` in different orders, starting with the given one. */
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

/** Numbers all prompts that may be used for the image. */
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

/** The prompt of an image in one sample of a pass. */
export function drawPrompt({ captioned, bare }: PromptChoice, settings: CaptionSettings, key: { step: number; index: number }): number {
  const { caption_dropout: dropout, seed } = settings;
  if (dropout > 0 && randomUniforms({ seed, ...key, purpose: 'caption-dropout' }, 1)[0] < dropout) return bare;
  if (captioned.length === 1) return captioned[0];
  return captioned[randomIntegers({ seed, ...key, purpose: 'tag-order' }, 1, captioned.length)[0]];
}
