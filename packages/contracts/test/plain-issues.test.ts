// Wrong input is described in plain words that name the allowed values, for every check of zod.
import { createTrainingJobRequest } from '@styleforge/contracts';
import { expect, it } from 'vitest';
import { z } from 'zod';

const messageOf = (schema: z.ZodType, value: unknown): string | undefined => schema.safeParse(value).error?.issues[0]?.message;

it.each([
  [z.string(), 3, 'must be a text, and is 3'],
  [z.string(), undefined, 'must be a text'],
  [z.int(), 'x', 'must be a number, and is a text'],
  [z.int(), 1.5, 'must be a whole number, and is 1.5'],
  [z.boolean(), null, 'must be true or false, and is null'],
  [z.array(z.string()), {}, 'must be a list, and is an object'],
  [z.object({}), [], 'must be an object, and is a list'],
  [z.enum(['style_ref', 'aux']), 'other', 'must be one of "style_ref", "aux"'],
  [z.literal('kid'), 'fid', 'must be "kid"'],
  [z.string().min(1), '', 'must have at least 1 character'],
  [z.string().max(3), 'abcd', 'must have at most 3 characters'],
  [z.array(z.int()).min(2), [1], 'must have at least 2 entries'],
  [z.number().min(1), 0, 'must be at least 1'],
  [z.number().positive(), 0, 'must be greater than 0'],
  [z.number().lt(1), 1, 'must be less than 1'],
  [z.number().multipleOf(8), 9, 'must be a multiple of 8'],
  [z.url(), 'x', 'must be a URL such as https://example.com/path'],
  [z.iso.datetime(), 'x', 'must be a time in UTC such as 2026-11-29T12:00:00Z'],
  [z.string().regex(/^a+$/), 'b', 'must match the pattern /^a+$/'],
  [z.string().startsWith('ds_'), 'x', 'must begin with "ds_"'],
  [z.strictObject({}), { colour: 1 }, 'must not have "colour": there is no such field'],
  [z.union([z.string(), z.number()]), null, 'has none of the allowed forms'],
])('%#: names what is allowed', (schema, value, message) => {
  expect(messageOf(schema, value)).toBe(message);
});

it('shows no words of zod in the error of a request', () => {
  const body = {
    method: 1,
    base_model: '',
    style_ref: [],
    hyperparameters: { resolution: 'large', learning_rate: -1, crop: 'round', seed: 1.5, max_train_steps: 0 },
  };
  const messages = createTrainingJobRequest.safeParse(body).error?.issues.map(({ message }) => message) ?? [];
  expect(messages.length).toBeGreaterThan(3);
  expect(messages.filter((message) => /\b(Invalid|Too|expected|received|Unrecognized)\b/.test(message))).toEqual([]);
});
