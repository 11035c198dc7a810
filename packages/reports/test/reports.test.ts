// The words of a report, its page, and the command that repeats it.
import { baseModelProfile, createTrainingJobRequest, report as reportSchema, resolveTrainingConfig } from '@styleforge/contracts';
import { renderReport } from '@styleforge/reports';
import { describe, expect, it } from 'vitest';
import { sampleModel, sampleReport } from '../../../test/integration/sample-report.ts';

const base = sampleModel('base model styleforge-mini', { kid: 0.09, clip: 27, trained: false });
const good = sampleModel('Single-StyleForge, 200 steps', { kid: 0.012, clip: 27.1 });
const dreamBooth = sampleModel('DreamBooth, 200 steps', { kid: 0.03, clip: 25 });

const verdictOf = (...models: Parameters<typeof sampleReport>[0]) => sampleReport(models).verdict;

describe('the verdict', () => {
  it('says that the style took hold if the distance clearly fell and prompts are followed', () => {
    const { outcome, summary, points, next } = verdictOf(good, dreamBooth, base);
    expect(outcome).toBe('took_hold');
    expect(summary).toBe(
      'The style took hold. The training closed 87 % of the distance to the style (kid@mini-clip ×1000 12.00, base ' +
        "model 90.00). The images keep 100 % of the base model's prompt following (clip@mini-clip 27.10, base model 27.00).",
    );
    expect(points[0]).toBe(
      'Compared with DreamBooth, 200 steps: better in style (kid@mini-clip ×1000 12.00 against 30.00), better in ' +
        'following the prompts (clip@mini-clip 27.10 against 25.00).',
    );
    expect(next).toEqual(['Generate images with prompts such as "a photo of zwx style, a house".']);
  });

  it('says that the style did not take hold if the distance did not fall', () => {
    for (const kid of [0.2, 0.092, 0.08]) {
      const { outcome, summary, next } = verdictOf(sampleModel('a model', { kid, clip: 27 }), base);
      expect([outcome, summary.slice(0, 30)]).toEqual(['did_not_take_hold', 'The style did not take hold. T']);
      expect(next[0]).toBe('Train longer: max_train_steps 400 instead of 200.');
    }
  });

  it('measures the prompt following above chance, and warns of intervals that overlap', () => {
    const model = sampleModel('a model', { kid: 0.085, clip: 25, chance: 19 });
    const before = sampleModel('base', { kid: 0.09, clip: 27, chance: 19, trained: false });
    const { prompt_following_kept, cautions } = verdictOf(model, before);
    expect(prompt_following_kept).toBeCloseTo(6 / 8);
    expect(cautions.join()).not.toContain('overlap');
    expect(verdictOf(sampleModel('a model', { kid: 0.088, clip: 25 }), before).cautions.join()).toContain('may be chance');
  });

  it('counts similar images as a collapse only if prompts are lost too', () => {
    const alike = { kid: 0.012, diversity: 0.5 };
    expect(verdictOf(sampleModel('a model', { ...alike, clip: 26 }), base)).toMatchObject({ outcome: 'took_hold' });
    const { outcome, points } = verdictOf(sampleModel('a model', { ...alike, clip: 18 }), base);
    expect([outcome, points[0]]).toEqual(['collapsed', "The images have grown alike: their diversity is 56 % of the base model's."]);
  });

  it('gives no verdict if no base model was measured, or if it cannot be distinguished from the style', () => {
    expect(verdictOf(good)).toMatchObject({ outcome: null, style_gap_closed: null, next: [] });
    const same = sampleModel('base', { kid: 0.001, clip: 27, trained: false });
    const { outcome, summary } = verdictOf(good, same);
    expect([outcome, summary]).toEqual([null, expect.stringContaining('cannot be told from the style')]);
  });

  it('recommends the earlier checkpoint that was closer and still followed its prompts', () => {
    const training = sampleReport([good, base]).training;
    const validations = [
      { step: 0, scores: { 'kid@mini-clip': 0.09, 'clip@mini-clip': 60 } },
      { step: 50, scores: { 'kid@mini-clip': 0.03, 'clip@mini-clip': 55 } },
      { step: 100, scores: { 'kid@mini-clip': 0.01, 'clip@mini-clip': 30 } },
    ];
    const report = sampleReport([sampleModel('a model', { kid: 0.01, clip: 5 }), base], {
      training: training && { ...training, validations },
    });
    expect(report.verdict.next[0]).toContain('Use the checkpoint of step 50');
  });

  it('does not recommend more steps at a rate at which later steps lost the prompts', () => {
    const training = sampleReport([good, base]).training;
    const at = (step: number, clip: number) => ({ step, scores: { 'clip@mini-clip': clip } });
    const nextAfter = (...validations: ReturnType<typeof at>[]) =>
      sampleReport([sampleModel('a model', { kid: 0.08, clip: 27 }), base], { training: training && { ...training, validations } }).verdict
        .next;
    expect(nextAfter(at(0, 60), at(40, 59), at(80, 20))[0]).toContain('Add a caption to each StyleRef and Aux image');
    expect(nextAfter(at(0, 60), at(40, 59), at(80, 55))[0]).toContain('Train longer: max_train_steps 400 instead of 200');
  });
});

/** Runs that people looked at and described: the verdict agrees. */
describe('the verdict on runs that people described', () => {
  const run = (kid: [number, number], clip: [number, number]) =>
    verdictOf(
      sampleModel('trained', { kid: kid[1] / 1000, clip: clip[1] }),
      sampleModel('base model styleforge-mini', { kid: kid[0] / 1000, clip: clip[0], trained: false }),
    );

  it.each([
    [
      'neon, 200 steps, no captions: purple rectangles',
      [35.66, 3.92],
      [64.58, 10.16],
      'collapsed',
      /no longer show.*16 % of the base model's prompt following/,
    ],
    [
      'neon, captions: purple rectangles',
      [35.66, 3.13],
      [64.58, 5.55],
      'collapsed',
      /no longer show.*9 % of the base model's prompt following/,
    ],
    [
      'OpenMoji: nearly unchanged, subjects whole',
      [10.28, 2.18],
      [64.58, 55.0],
      'took_hold',
      /took hold\..*85 %.*the visible change is small/,
    ],
    [
      'poster: colors and outlines are there, subjects dissolve',
      [9.78, 22.56],
      [62.85, 36.78],
      'collapsed',
      /no longer show.*59 % of.*farther from the reference.*Colors and lines of the style can still be visible/,
    ],
    [
      'neon, 1e-4: pinker, subjects kept',
      [36.49, 24.25],
      [64.54, 56.64],
      'took_hold',
      /took hold in part\. The training closed 34 %.*88 %/,
    ],
  ] as const)('%s', (_seen, kid, clip, outcome, words) => {
    const verdict = run([...kid], [...clip]);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.summary).toMatch(words);
    if (outcome === 'collapsed') expect(verdict.next.join(' ')).toMatch(/learning_rate \d.*max_train_steps 100 instead of 200.*captions?/);
  });
});

describe('cautions and points', () => {
  it('warns of FID from few images, of reference images that were trained on, and of a missing comparison', () => {
    const report = sampleReport([good]);
    expect(report.verdict.cautions.join('\n')).toMatch(
      /FID needs 2048 or more images.*KID has no such bias[^]*not compared with another one/,
    );
    const { reference } = report;
    const trainedOn = sampleReport([good, base], { reference: reference && { ...reference, count: 20, trained_on: true } });
    expect(trainedOn.verdict.cautions.join('\n')).toMatch(/Only 20 reference images[^]*copies of them score well/);
  });

  it('lists signs of overfitting', () => {
    const overfitting = [{ sign: 'kid-rising' as const, present: true, explanation: 'KID was best at step 50.' }];
    expect(sampleReport([good, base], { overfitting }).verdict.points.join()).toContain(
      '1 of 1 overfitting checks ran; 1 fired: KID was best at step 50.',
    );
    const quiet = ['kid-rising', 'clip-falling', 'low-diversity', 'memorised-pictures'] as const;
    const signs = quiet.map((sign, index) => ({ sign, present: index < 2 ? false : null, explanation: '' }));
    expect(sampleReport([good, base], { overfitting: signs }).verdict.points.join()).toContain(
      '2 of 4 overfitting checks ran; neither fired. There was not enough data to run the other 2.',
    );
  });
});

describe('the page', () => {
  it('needs no other files', () => {
    const page = renderReport(sampleReport([good, dreamBooth, base]), () => 'data:image/png;base64,AAAA');
    expect(page).not.toMatch(/https?:\/\/|<script|<link|url\(/);
    for (const part of [
      '<svg',
      'prefers-color-scheme:dark',
      '@media print',
      'Repeat this run',
      'Took hold',
      'Validation images by step',
      'step 100',
      'The style</th>',
      'blueprint',
      'best, step 150',
    ])
      expect(page).toContain(part);
    expect(page).toContain('All models receive the same prompt, prefixed with &quot;a photo of zwx style&quot;.');
    expect(page.indexOf('base model styleforge-mini</th><th scope="col">Single')).toBeGreaterThan(0);
    expect(page).not.toMatch(/<th scope="col">(kid|fid|clip)( ×1000)? [↓↑]/);
  });

  it('shows blind votes, and who was preferred', () => {
    const pair = { first: 0, second: 1, first_preferred: 1, second_preferred: 4, no_difference: 2 };
    const votes = { voters: 2, votes: 7, pairs: [pair] };
    const page = renderReport({ ...sampleReport([good, base]), votes }, () => undefined);
    expect(page).toContain('7 votes by 2 API keys');
    expect(page).toContain(`<strong>${base.label}</strong>`);
    expect(renderReport(sampleReport([good, base]), () => undefined)).not.toContain('Blind votes');
  });

  it('shows the four outcomes with different color, icon and words', () => {
    const models = { good, mixed: [0.012, 18], bad: [0.012, 2], none: [0.09, 27] } as const;
    for (const [kind, values] of Object.entries(models)) {
      const judged = 'metrics' in values ? values : sampleModel('a model', { kid: values[0], clip: values[1] });
      const page = renderReport(sampleReport([judged, base]), () => undefined);
      expect(page).toContain(`<section class="verdict ${kind}">`);
      expect(page).toMatch(
        { good: /✓.*Took hold</, mixed: /!.*subjects suffer</, bad: /✕.*collapsed</, none: /○.*Did not take hold</ }[kind] ?? /^$/,
      );
    }
  });

  it('escapes texts from outside, and marks deleted images', () => {
    const hostile = sampleReport([{ ...good, label: '<img src=x onerror=alert(1)>' }], { title: '</title><script>' });
    const page = renderReport(hostile, () => undefined);
    expect(page).not.toMatch(/<img src=x|<script/);
    expect(page).toContain('<span class="gone">gone</span>');
  });
});

it('contains a command whose request resolves to the same configuration', () => {
  const report = reportSchema.parse(sampleReport([good, base]));
  const [, body = ''] = /<<'JSON'\n([^]*)\nJSON$/.exec(report.repeat) ?? [];
  const resolution = resolveTrainingConfig(createTrainingJobRequest.parse(JSON.parse(body)), baseModelProfile.parse({}));
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.errors));
  const { evaluation: _, ...trained } = report.training?.config ?? ({} as never);
  expect(resolution.config).toMatchObject(trained);
  expect(JSON.parse(body)).toMatchObject({ evaluation: { prompts: 'mini@1', extractor: 'mini-clip', compare_with: [] } });
});
