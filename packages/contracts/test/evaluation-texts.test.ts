// Reports as they are stored, and prompts of an evaluation with the tokens of a model.
import { barePrompt, evaluatedPrompt, namesToken, parseStoredReport, promptTemplates, withTokens } from '@styleforge/contracts';
import { describe, expect, it } from 'vitest';
import { sampleModel, sampleReport } from '../../../test/integration/sample-report.ts';

describe('a stored report', () => {
  const whole = sampleReport([sampleModel('Multi-StyleForge', { kid: 0.01, clip: 24 })]);
  /** A copy without these fields at any depth. */
  const without = (fields: string[]): unknown =>
    JSON.parse(JSON.stringify(whole, (field, value: unknown) => (fields.includes(field) ? undefined : value)));

  it('is read as it was written', () => {
    expect(parseStoredReport(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });

  it('has null or an empty list for what was not measured when it was written', () => {
    const read = parseStoredReport(
      without([
        'diversity',
        'memorised',
        'nearest',
        'warnings',
        'subsets',
        'interval',
        'overfitting',
        'token_disentanglement',
        'validations',
        'best',
        'samples',
      ]),
    );
    expect(read).toMatchObject({ overfitting: [], samples: [], token_disentanglement: null, training: { validations: [], best: null } });
    expect(read.models[0]).toMatchObject({
      diversity: null,
      memorised: null,
      nearest: [],
      warnings: [],
      metrics: [{ subsets: null, interval: null }, {}, {}],
    });
    expect(parseStoredReport(without(['training', 'reference']))).toMatchObject({ training: null, reference: null });
  });

  it('gets the present defaults for settings that were added later', () => {
    const settings = [
      'lr_num_cycles',
      'lr_power',
      'noise_offset',
      'buckets',
      'optimizer',
      'prodigy_d_coef',
      'adam_moments',
      'gradient_precision',
      'mixed_precision',
      'text_encoder_learning_rate',
      'adaptation',
      'early_stopping',
      'suffix',
    ];
    expect(parseStoredReport(without(settings))).toEqual(whole);
  });

  it('is refused if it is not a report', () => {
    for (const stored of [{}, { format: 1, models: [] }, without(['verdict']), { ...whole, format: 2 }])
      expect(() => parseStoredReport(stored)).toThrow(/path/);
  });
});

describe('placeholders in the prompts of an evaluation', () => {
  const person = { name: 'person', token: 'zwx' };
  const background = { name: 'background', token: 'ukj' };
  const model = { prompt_prefix: 'a photo of zwx style, ukj style, ', tokens: [person, background] };

  it.each([
    ['house', 'a photo of zwx style, ukj style, house', 'house'],
    ['a photo of [V] style, house', 'a photo of zwx style, house', 'house'],
    ['[background] style, a house, at night', 'ukj style, a house, at night', 'a house, at night'],
    ['a house in [V] style', 'a house in zwx style', 'a house in zwx style'],
    ['a [red] house', 'a photo of zwx style, ukj style, a [red] house', 'a [red] house'],
  ])('%s', (prompt, drawn, judged) => {
    expect([evaluatedPrompt(prompt, model), barePrompt(prompt, model.tokens)]).toEqual([drawn, judged]);
  });

  it('stay unchanged if a model has no tokens', () => {
    expect(evaluatedPrompt('a [V] house', { prompt_prefix: 'x, ', tokens: [] })).toBe('x, a [V] house');
    expect(barePrompt('a [V] house,by night', [])).toBe('a [V] house,by night');
  });

  it('special characters in tokens have no meaning', () => {
    for (const token of ['c$$h', '$&x', "a$'b", '[person]', 'v1.5'])
      expect(withTokens('a [V] house, [person]', [{ name: 'person', token }])).toBe(`a ${token} house, ${token}`);
    const named = ['a v1.5 house', 'in v1.5-style', 'a "v1.5" house', 'v1.5!', 'v1.5'];
    for (const prompt of named) expect(namesToken(prompt, 'v1.5'), prompt).toBe(true);
    for (const prompt of ['a v1.55 house', 'xv1.5', 'a v1 5 house']) expect(namesToken(prompt, 'v1.5'), prompt).toBe(false);
  });
});

describe('prompt templates', () => {
  const component = (name: string, token: string, prompt = `a photo of ${token} style`) => ({ name, token, prompt });

  it('say the words that components share once, and name each of several components', () => {
    const components = [component('person', 'zwx'), component('background', 'ukj')];
    expect(promptTemplates({ style_ref: { components } })).toEqual([
      { component: null, template: 'a photo of zwx style, ukj style, {prompt}' },
      { component: 'person', template: 'a photo of zwx style, {prompt}' },
      { component: 'background', template: 'a photo of ukj style, {prompt}' },
    ]);
  });

  it('are one for one component, with the description where its caption goes', () => {
    expect(promptTemplates({ style_ref: { components: [component('all', 'ink', '[caption] in ink style')] } })).toEqual([
      { component: null, template: '{prompt} in ink style' },
    ]);
  });
});
