// A number beyond several limits is refused once, with the narrowest limit.
import { createGenerationRequest, createTrainingJobRequest } from '@styleforge/contracts';
import { expect, it } from 'vitest';
import { fieldErrorsOf, REPORTING } from '../../src/errors/request-validation.ts';

const hyperparameters = (max_train_steps: number) => ({ method: 'dreambooth', base_model: 'x', hyperparameters: { max_train_steps } });

it.each([
  [createGenerationRequest, { model: 'x', prompts: ['x'], seed: 1e99 }, '/seed', 'must be at most 4294967295'],
  [createGenerationRequest, { model: 'x', prompts: ['x'], seed: -1e99 }, '/seed', 'must be at least 0'],
  [createTrainingJobRequest, hyperparameters(1e308), '/hyperparameters/max_train_steps', 'must be at most 1000000'],
])('%#: names the limit of the field', (schema, request, pointer, detail) => {
  const errors = fieldErrorsOf(schema.safeParse(request, REPORTING).error?.issues ?? []);
  expect(errors.filter((error) => error.pointer === pointer)).toEqual([{ pointer, detail }]);
});
