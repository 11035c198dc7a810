// The dashboard end to end: a real browser, API, worker and the shipped base model, from an empty project to a downloaded model.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, chromiumMissing, type Dashboard, expectFits, openDashboard, untilLoaded, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 60_000;
const SCREENS = [
  '/',
  '/jobs',
  '/train',
  '/train?view=yaml',
  '/compare',
  '/play',
  '/gallery',
  '/models',
  '/models/first-style',
  '/evaluations',
  '/evaluations?new=1',
  '/evaluations?tab=studies',
  '/queue',
  '/settings',
];

describe.skipIf(warnNotTested('the dashboard in a browser', chromiumMissing))('the dashboard in a browser', () => {
  let service: TestService;
  let dashboard: Dashboard;
  let page: Page;
  const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
  const firstOf = async (path: string) => (await service.call<{ data: { id: string }[] }>('GET', path)).data[0]!.id;
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor({ timeout: PATIENCE });

  beforeAll(async () => {
    buildPage();
    service = await TestService.create({}, { BASE_MODELS_DIRECTORY: fileURLToPath(new URL('../../models', import.meta.url)) });
    dashboard = await openDashboard(PATIENCE);
    ({ page } = dashboard);
  });
  afterAll(async () => {
    await dashboard?.close();
    await service?.remove();
  });

  it('distinguishes a wrong key from a right one, and shows the first steps for an empty project', async () => {
    await page.goto(service.service.url);
    await page.getByLabel('API key').fill('sf_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('unknown, revoked or expired').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('API key').fill(service.apiKey);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await heading('Teach a model your style');
    expect(await violationsOf(page)).toEqual([]);
  });

  it('has fields of early stopping, webhook and token, with the default of the base model and errors at the fields', async () => {
    await visit('/train');
    await page.locator('summary', { hasText: 'Early stopping' }).click();
    await page.getByText('Default of this base model: metric clip, patience 2, min_clip_share 0.6.').waitFor();
    await page.getByLabel('early_stopping').selectOption('on');
    expect(await page.getByLabel('Sample images while it trains').isChecked(), 'which it needs').toBe(true);
    await page.getByLabel('patience').fill('0');
    const errorOf = (name: string) => page.locator('.field', { has: page.getByLabel(name) }).locator('.error');
    await expect.poll(() => errorOf('patience').textContent()).toBe('must be at least 1');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('patience').fill('3');
    await page.locator('summary', { hasText: 'Job and webhook' }).click();
    await page.getByLabel('webhook_url').fill('http://127.0.0.1/hook');
    await expect.poll(() => errorOf('webhook_url').count()).toBe(1);
    await page.getByLabel('webhook_url').fill('https://example.com/hook');
    await page.getByLabel('Token', { exact: true }).fill('mystyle');
    await expect.poll(() => errorOf('Token').textContent()).toMatch(/^is read as 'style', which the base model knows already/);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'YAML' }).click();
    const yaml = await page.getByLabel('Request as YAML').inputValue();
    for (const line of ['metric: clip', 'patience: 3', 'webhook_url: https://example.com/hook']) expect(yaml).toContain(line);
    await visit('/train');
    await page.getByRole('button', { name: 'Start over' }).click();
    await expect.poll(() => page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
  });

  it('shows what the base model generates, on request', async () => {
    await page.getByRole('button', { name: 'Show what it generates' }).click();
    await page.getByRole('img', { name: 'Images that StyleForge mini has generated' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await visit('/train');
    await page.getByRole('img', { name: 'Images that StyleForge mini has generated' }).waitFor();
  });

  it('checks settings as they are typed, shows them in YAML and as a program, and starts the job', async () => {
    await visit('/train');
    const samples = page.getByRole('button', { name: 'Use sample images' });
    await samples.first().click();
    await page.getByLabel('Images of Sample style: ink').waitFor();
    await samples.click();
    await page.getByLabel('Images of Sample Aux: people').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('first try');
    await page.getByRole('checkbox', { name: 'Sample images while it trains' }).check();
    await page.getByLabel('Steps between samples').fill('2');
    await page.getByLabel('max_train_steps').fill('4');
    await page.getByLabel('learning_rate', { exact: true }).fill('7');
    await page.getByRole('status').getByText('learning_rate: must be at most 1').waitFor();
    await expect.poll(() => page.getByLabel('learning_rate (changed)').getAttribute('aria-invalid')).toBe('true');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('learning_rate (changed)').fill('0.0001');
    await page.getByText('Ready to start').waitFor();
    await page.getByRole('button', { name: 'YAML' }).click();
    const yaml = page.getByLabel('Request as YAML');
    await expect.poll(() => yaml.inputValue()).toContain('learning_rate: 0.0001');
    await yaml.fill((await yaml.inputValue()).replace('learning_rate: 0.0001', 'learning_rate: 0.0002'));
    await page.getByRole('button', { name: 'Form' }).click();
    await expect.poll(() => page.getByLabel('learning_rate (changed)').inputValue()).toBe('0.0002');
    await page.getByRole('button', { name: 'Copy as code' }).click();
    await page.getByText(/curl -sS/).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Start training' }).click();
    await heading('first try');
  });

  it('shows the job live, its samples by step with a slider, and downloads the model', async () => {
    await page.getByText('succeeded', { exact: true }).waitFor({ timeout: 120_000 });
    await page.getByText('Step 4 of 4').waitFor();
    const cell = page.getByRole('button', { name: 'a photo of zwx style, house, step 4', exact: true });
    await cell.click();
    const slider = page.getByRole('slider', { name: 'Divider between before and after' });
    await slider.press('ArrowRight');
    await expect.poll(() => slider.inputValue()).toBe('51');
    await page.waitForURL(/sample=4\./);
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'Remove the star', exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Remove the star: a photo of zwx style, house, step 4' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    for (const tab of ['Log', 'Config', 'Report', 'Checkpoints']) {
      await page.getByRole('link', { name: tab, exact: true }).click();
      await untilLoaded(page);
      expect(await violationsOf(page), tab).toEqual([]);
    }
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^One file/ }).click()]);
    const model = await readFile(await download.path());
    const header = Number(model.readBigUInt64LE(0));
    expect(Object.keys(JSON.parse(model.toString('utf8', 8, 8 + header)) as object).length).toBeGreaterThan(100);
  });

  it('generates with two models and one seed, and keeps the images', async () => {
    await visit('/models');
    await page.getByText('a photo of zwx style').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('link', { name: 'Use' }).first().click();
    await heading('Playground');
    await page.getByRole('button', { name: 'Compare with another model' }).click();
    await page.getByLabel('Prompts, one per line').fill('house');
    await page.getByText('More settings').click();
    await page.getByLabel('Steps').fill('3');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    await page.getByRole('button', { name: /^a photo of zwx style, house, by first try/ }).waitFor();
    await page.getByRole('button', { name: /^house, by StyleForge mini/ }).waitFor();
    await page.waitForURL(/generations=gen_\w+/);
    await page.getByRole('button', { name: 'Reuse' }).first().click();
    await expect.poll(() => page.getByLabel('Seed').inputValue()).toBe('7');
    expect(await violationsOf(page)).toEqual([]);
    await visit('/gallery?starred=true');
    await page.getByRole('button', { name: 'a photo of zwx style, house' }).click();
    await page.getByRole('dialog').getByText('first try, step 4').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('s');
    await page.getByText('No image matches').waitFor();
    await visit('/gallery');
    await page.getByRole('button', { name: 'a photo of zwx style, house' }).click();
    await page.getByRole('dialog').getByText('seed 7').waitFor();
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save image' }).click()]);
    const png = { name: 'saved.png', mimeType: 'image/png', buffer: await readFile(await saved.path()) };
    expect(png.buffer.subarray(1, 4).toString()).toBe('PNG');
    expect(await violationsOf(page)).toEqual([]);
  });

  it(
    'gives a model a name, shows its version, and exports a file',
    async () => {
      await visit('/models');
      await page.getByRole('button', { name: 'Name', exact: true }).first().click();
      await page.getByLabel('Name', { exact: true }).fill('first-style');
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Save' }).click();
      await heading('first-style');
      await page.getByRole('heading', { level: 3, name: /first-style@1/ }).waitFor();
      await untilLoaded(page);
      await page.getByRole('button', { name: 'Copy token' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByLabel('Alias for first-style@1').fill('production');
      await page.getByRole('button', { name: 'Set alias' }).click();
      await page.getByRole('heading', { level: 3, name: /first-style@1.*production/ }).waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download', { timeout: 5 * PATIENCE }),
        page.getByRole('button', { name: /^Folder for diffusers/ }).click(),
      ]);
      expect((await readFile(await download.path())).subarray(0, 2).toString()).toBe('PK');
      await visit('/models');
      await page.getByRole('link', { name: 'first-style', exact: true }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
    },
    10 * PATIENCE,
  );

  it('finds a screen and a job by keyboard only', async () => {
    await visit('/');
    await heading('Home');
    await page.keyboard.press('Control+k');
    await page.getByLabel('Command', { exact: true }).fill('first try');
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await heading('first try');
    await page.keyboard.press('Tab');
    await page.waitForFunction('document.activeElement.closest("main") !== null');
    await page.keyboard.press('/');
    await page.keyboard.type('comp');
    await page.keyboard.press('Enter');
    await heading('Compare jobs');
    await page.getByLabel('Add a job').selectOption({ label: 'first try' });
    await page.getByRole('region', { name: 'Curves' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('says that an address has no screen, and marks in the navigation where a screen belongs', async () => {
    const marked = () => page.locator('.sidebar [aria-current=page]').allInnerTexts();
    await visit('/playground');
    await heading('Nothing here');
    expect(await marked()).toEqual([]);
    for (const path of ['/jobs/job_x', '/datasets/ds_x', '/models/none', '/evaluations/eval_x', '/studies/study_x']) {
      await visit(path);
      await heading('Not found');
      expect(await violationsOf(page), path).toEqual([]);
    }
    for (const [path, name] of [
      ['/play', 'Playground'],
      ['/train', 'Training'],
      ['/compare', 'Training'],
    ] as const) {
      await visit(path);
      await untilLoaded(page);
      expect(await marked()).toEqual([name]);
    }
  });

  it('shows the workers and drains one', async () => {
    await visit('/queue');
    await page.getByRole('button', { name: /^Drain/ }).click();
    await page.getByRole('button', { name: /^Let work again/ }).waitFor();
    await page.getByText('drained', { exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: /^Let work again/ }).click();
    await page.getByRole('button', { name: /^Drain/ }).waitFor();
    await page.getByRole('region', { name: 'Usage of the month' }).getByText('Training').waitFor();
    // the file for diffusers, which is kept for a week
    await page.getByRole('region', { name: 'What is removed next' }).getByRole('link', { name: 'Exported file' }).first().waitFor();
  });

  it(
    'fits phones, tablets and desktops in both themes on every screen, without an accessibility violation',
    async () => {
      const job = await firstOf('/v1/training-jobs');
      const dataset = await firstOf('/v1/datasets');
      const generation = await firstOf('/v1/images/generations');
      await expectFits(page, `${service.service.url}/app`, [
        ...SCREENS,
        `/play?generations=${generation}`,
        `/compare?jobs=${job}`,
        `/datasets/${dataset}`,
        ...['', '/checkpoints', '/log', '/config', '/report'].map((tab) => `/jobs/${job}${tab}`),
      ]);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('dialog').getByRole('link', { name: 'API keys' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
    },
    20 * PATIENCE,
  );

  it('has reported no error', () => {
    expect(dashboard.problems).toEqual([]);
  });
});
