// Prompt sets: named lists of prompts in numbered versions, so that reports can be compared.
import { z } from 'zod';
import { notesFields } from '../common/annotations.ts';
import { optionalText, requiredText } from '../common/text.ts';
import { promptSetId } from '../common/ids.ts';
import { pageOf, timestamp } from '../common/pages.ts';
import { GENERAL_PROMPTS, MINI_PROMPTS } from './shipped-prompts.ts';

/** The first three limits fit into the body limit even if every character is written as an escape of six bytes. */
export const PROMPT_SET_LIMITS = { prompts: 5_000, promptLength: 1_000, characters: 1_000_000, bodyBytes: 8 * 1024 * 1024 } as const;

const promptSetName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits, hyphens or underscores');

const prompt = requiredText(PROMPT_SET_LIMITS.promptLength);
const charactersOf = (prompts: readonly string[]): number => prompts.reduce((sum, { length }) => sum + length, 0);
export const promptList = z
  .array(prompt)
  .min(1)
  .max(PROMPT_SET_LIMITS.prompts)
  .refine(
    (prompts) => charactersOf(prompts) <= PROMPT_SET_LIMITS.characters,
    `must have at most ${PROMPT_SET_LIMITS.characters} characters in all prompts together`,
  );

/** A prompt set's id, its name (for the newest version), or name@version. */
export const promptSetReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}(@[1-9][0-9]{0,8})?$/, 'must be the id or the name of a prompt set, or name@version')
  .meta({ examples: ['general', 'general@1'] });

export const createPromptSetRequest = z
  .strictObject({
    name: promptSetName.describe('If the project already has a set with this name, it gets a new version'),
    description: optionalText(1_000).default(''),
    prompts: promptList.describe(
      'What the images show, without the style prompt, or with placeholders for tokens as in an evaluation; at most ' +
        `${PROMPT_SET_LIMITS.characters} characters together`,
    ),
  })
  .meta({ id: 'CreatePromptSetRequest', examples: [{ name: 'animals', description: 'Animals alone', prompts: ['cat', 'dog', 'horse'] }] });
export type CreatePromptSetRequest = z.infer<typeof createPromptSetRequest>;

const promptSetSummary = z
  .object({
    id: z.union([promptSetId, promptSetName]),
    name: promptSetName,
    version: z.int(),
    description: z.string(),
    ...notesFields,
    prompt_count: z.int(),
    sha256: z.string().describe('SHA-256 of the prompts joined by line feeds, which reports show'),
    shipped: z.boolean().describe('The set ships with the service and exists in every project; its name is its id'),
    created_at: timestamp.nullable(),
  })
  .meta({ id: 'PromptSetSummary' });
export type PromptSetSummaryBody = z.infer<typeof promptSetSummary>;

export const promptSet = promptSetSummary.extend({ prompts: z.array(z.string()) }).meta({ id: 'PromptSet' });
export type PromptSetBody = z.infer<typeof promptSet>;

export const promptSetPage = pageOf(promptSetSummary, 'PromptSetPage');

export interface ShippedPromptSet {
  name: string;
  version: number;
  description: string;
  prompts: readonly string[];
}

export const SHIPPED_PROMPT_SETS: readonly ShippedPromptSet[] = [
  { name: 'mini', version: 1, description: 'Subjects that the base model styleforge-mini can generate', prompts: MINI_PROMPTS },
  { name: 'general', version: 1, description: 'Half persons, half places and things, for Stable Diffusion', prompts: GENERAL_PROMPTS },
];
