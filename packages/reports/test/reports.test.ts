// What a report says in words, shows on its page, and how it is made again.
import { baseModelProfile, createTrainingJobRequest, report as reportSchema, resolveTrainingConfig } from '@styleforge/contracts';
import { renderReport } from '@styleforge/reports';
import { describe, expect, it } from 'vitest';
import { sampleModel, sampleReport } from '../../../test/integration/sample-report.ts';

const base = sampleModel('base model styleforge-mini', { kid: 0.09, clip: 27, trained: false });
const good = sampleModel('Single-StyleForge, 200 steps', { kid: 0.012, clip: 27.1 });
const dreamBooth = sampleModel('DreamBooth, 200 steps', { kid: 0.03, clip: 25 });

describe('the verdict', () => {
  it('says that the style took hold where the distance clearly fell', () => {
    const { summary, points } = sampleReport([good, dreamBooth, base]).verdict;
    expect(summary).toMatch(/^The style took hold.*kid@mini-clip ×1000 12\.00, before training 90\.00/);
    expect(summary).toContain('about as well as before');
    expect(points[0]).toBe(
      'Compared with DreamBooth, 200 steps: better in style (kid@mini-clip ×1000 12.00 against 30.00), better in following the prompts (clip@mini-clip 27.10 against 25.00).',
    );
  });

  it.each([
    ['did not take hold', 0.2, /did not take hold/],
    ['made no clear difference', 0.092, /no clear difference/],
  ])('says that the training %s', (_case, kid, words) => {
    expect(sampleReport([sampleModel('a model', { kid, clip: 27 }), base]).verdict.summary).toMatch(words);
  });

  it('warns of FID from few images, of a reference that was trained on, and of nothing to compare with', () => {
    const report = sampleReport([good]);
    expect(report.verdict.cautions.join('\n')).toMatch(/FID needs 2048 images.*KID has no such bias[^]*Nothing was compared/);
    const { reference } = report;
    const trainedOn = sampleReport([good, base], { reference: reference && { ...reference, count: 20, trained_on: true } });
    expect(trainedOn.verdict.cautions.join('\n')).toMatch(/Only 20 images[^]*copying them would be rewarded/);
  });

  it('tells signs of overfitting', () => {
    const overfitting = [{ sign: 'kid-rising' as const, present: true, explanation: 'KID was best at step 50.' }];
    expect(sampleReport([good, base], { overfitting }).verdict.points.join()).toContain('signs of overfitting: KID was best at step 50.');
  });
});

describe('the page', () => {
  it('holds everything itself', () => {
    const page = renderReport(sampleReport([good, dreamBooth, base]), () => 'data:image/png;base64,AAAA');
    expect(page).not.toMatch(/https?:\/\/|<script|<link|url\(/);
    for (const part of ['<svg', 'prefers-color-scheme:dark', '@media print', 'Make it again', 'blueprint', 'best, step 150'])
      expect(page).toContain(part);
    expect(page.indexOf('base model styleforge-mini</th><th scope="col">Single')).toBeGreaterThan(0);
    expect(page).not.toMatch(/<th scope="col">(kid|fid|clip)( ×1000)? [↓↑]/);
  });

  it('escapes whatever comes from outside, and says what is gone', () => {
    const hostile = sampleReport([{ ...good, label: '<img src=x onerror=alert(1)>' }], { title: '</title><script>' });
    const page = renderReport(hostile, () => undefined);
    expect(page).not.toMatch(/<img src=x|<script/);
    expect(page).toContain('<span class="gone">gone</span>');
  });
});

it('is made again by a command whose request resolves to the same configuration', () => {
  const report = reportSchema.parse(sampleReport([good, base]));
  const [, body = ''] = /<<'JSON'\n([^]*)\nJSON$/.exec(report.repeat) ?? [];
  const resolution = resolveTrainingConfig(createTrainingJobRequest.parse(JSON.parse(body)), baseModelProfile.parse({}));
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.errors));
  const { evaluation: _, ...trained } = report.training?.config ?? ({} as never);
  expect(resolution.config).toMatchObject(trained);
  expect(JSON.parse(body)).toMatchObject({ evaluation: { prompts: 'mini@1', extractor: 'mini-clip', compare_with: [] } });
});
