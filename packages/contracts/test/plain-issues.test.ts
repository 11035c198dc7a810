// Wrong input is described in plain words that name the allowed values, for every check of zod.
import { createTrainingJobRequest, noSuchField, unknownFields } from '@styleforge/contracts';
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

it.each([
  ['batch_size', ['train_batch_size', 'max_train_steps'], '. Did you mean train_batch_size?'],
  ['learning_rat', ['learning_rate', 'lr_scheduler'], '. Did you mean learning_rate?'],
  ['trainBatchSize', ['train_batch_size'], '. Did you mean train_batch_size?'],
  ['lerning_rate', ['learning_rate'], '. Did you mean learning_rate?'],
  ['nmae', ['name', 'notes'], '. Did you mean name?'],
  ['steps', ['max_train_steps', 'seed', 'checkpointing_steps'], '. Did you mean max_train_steps or checkpointing_steps?'],
  ['colour', ['name', 'notes'], ''],
  ['weight', ['name', 'base_model', 'token', 'description', 'license', 'prompt_template', 'notes'], ''],
  ['x', ['crop'], ''],
])('names the fields that are similar to %s', (name, known, suggestion) => {
  expect(noSuchField(name, known)).toBe(`there is no such field${suggestion}`);
});

it.each<[object, string[]]>([
  [{ hyperparameters: { batch_size: 2 } }, ['batch_size: there is no such field. Did you mean train_batch_size?']],
  [{ train_batch_size: 2 }, ['train_batch_size: there is no such field. Did you mean hyperparameters.train_batch_size?']],
  [{ base_modle: 'x', zzzz: 1 }, ['base_modle: there is no such field. Did you mean base_model?', 'zzzz: there is no such field']],
])('suggests fields of a training request: %j', (request, details) => {
  const issues = createTrainingJobRequest.safeParse(request).error?.issues ?? [];
  const unknown = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? unknownFields(issue) : []));
  expect(unknown.map(({ name, detail }) => `${name}: ${detail}`)).toEqual(details);
});

it('says all unknown fields of an object in one message', () => {
  const schema = z.strictObject({ learning_rate: z.number().optional(), seed: z.int().optional() });
  expect(messageOf(schema, { learning_rat: 1, colour: 2 })).toBe(
    'must not have "learning_rat", "colour": there are no such fields. Did you mean learning_rate?',
  );
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
