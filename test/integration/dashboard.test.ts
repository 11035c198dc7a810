// The dashboard end to end: a real browser, API, worker and the shipped base model, from an empty project to a downloaded model.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { discPicture, warnNotTested } from '@styleforge/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildPage,
  chromiumMissing,
  compressedSizes,
  expectFits,
  holdFirst,
  openBrowser,
  openPage,
  readAsset,
  untilLoaded,
  violationsOf,
} from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 60_000;
const KB = 1024;
const SCREENS = [
  '/',
  '/datasets',
  '/datasets?new=aux',
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
  '/prompts',
  '/queue',
  '/webhooks',
  '/keys',
  '/settings',
];

beforeAll(() => buildPage());

const importsOf = (name: string, pattern: RegExp): string[] =>
  [...readAsset(`assets/${name}`).matchAll(pattern)].map(([, file = '']) => file);
const entry = (): string => /src="\/app\/assets\/([^"]+)"/.exec(readAsset('index.html'))?.[1] ?? '';

/** The files and all that they import before they run. */
function filesOf(names: string[]): Set<string> {
  const files = new Set(names);
  for (const name of files) for (const next of importsOf(name, /(?:from|import)"\.\/([^"]+\.js)"/g)) files.add(next);
  return files;
}

function sizeOf(files: Set<string>): number {
  const sizes = compressedSizes('.js');
  return [...files].reduce((total, name) => total + (sizes[name] ?? Number.NaN), 0);
}

describe('the built page', () => {
  it('has less than 250 kB of compressed JavaScript, and less than 40 kB of styles', () => {
    const sum = (sizes: Record<string, number>) => Object.values(sizes).reduce((total, size) => total + size, 0);
    expect(sum(compressedSizes('.js'))).toBeLessThan(250 * KB);
    expect(sum(compressedSizes('.css'))).toBeLessThan(40 * KB);
  });

  it('needs a page, one style sheet, and at most 120 kB of JavaScript in few files before its first view', () => {
    const files = filesOf([entry()]);
    expect(files.size).toBeLessThan(16);
    expect(sizeOf(files)).toBeLessThan(120 * KB);
    expect(Object.keys(compressedSizes('.css'))).toHaveLength(1);
  });

  it('needs at most 175 kB of JavaScript for any one screen', () => {
    const late = [...filesOf([entry()])].flatMap((name) => importsOf(name, /import\("\.\/([^"]+\.js)"\)/g));
    expect(late.length).toBeGreaterThan(4);
    for (const name of late) expect(sizeOf(filesOf([entry(), name])), name).toBeLessThan(175 * KB);
  });

  it('loads nothing from other servers', () => {
    const page = readAsset('index.html');
    expect(page.match(/(?:src|href)="([^"]+)"/g)?.every((link) => link.includes('="/app/'))).toBe(true);
    for (const name of Object.keys(compressedSizes('.css'))) expect(readAsset(`assets/${name}`)).not.toMatch(/url\(["']?https?:/);
  });
});

describe.skipIf(warnNotTested('the dashboard in a browser', chromiumMissing))('the dashboard in a browser', () => {
  let service: TestService;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const problems: string[] = [];
  const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
  const firstOf = async (path: string) => (await service.call<{ data: { id: string }[] }>('GET', path)).data[0]!.id;
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor({ timeout: PATIENCE });

  beforeAll(async () => {
    service = await TestService.create({}, { BASE_MODELS_DIRECTORY: fileURLToPath(new URL('../../models', import.meta.url)) });
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true });
    page = await openPage(context, problems);
    page.setDefaultTimeout(PATIENCE);
  });
  afterAll(async () => {
    await browser?.close();
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

  it('creates a dataset from dropped files, and gives a reason for each refused file', async () => {
    await visit('/datasets?new=style_ref');
    await page.getByLabel('Name', { exact: true }).fill('discs');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create' }).click();
    await heading('discs');
    const file = async (name: string, hue: number) => ({ name, mimeType: 'image/png', buffer: Buffer.from(await discPicture(hue)) });
    const words = { name: 'words.png', mimeType: 'image/png', buffer: Buffer.from('these are words') };
    const caption = { name: 'red.txt', mimeType: 'text/plain', buffer: Buffer.from('a red disc\n') };
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([await file('red.png', 0), await file('green.png', 120), words, caption]);
    await page.getByText('2 images uploaded, 1 refused').waitFor();
    await page.getByText(/words\.png/).waitFor();
    expect(await page.getByLabel('Caption of red.png').inputValue(), 'as soon as the page says so').toBe('a red disc');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'a red disc' }).click();
    await page.getByRole('dialog').getByText('1 of 2').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog').getByText('2 of 2').waitFor();
    await page.waitForURL(/image=img_/);
    await page.getByRole('button', { name: 'As the trainer sees it' }).click();
    await page.getByRole('img', { name: 'Center of green.png at 64 × 64 pixels' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('edits captions, components and exclusion by keyboard, replaces words, and names duplicates', async () => {
    const letThrough = await holdFirst(page, '**/captions');
    await page.getByLabel('Caption of red.png').fill('a crimson disc');
    await page.keyboard.press('Enter');
    await page.keyboard.type('a green disc');
    await page.keyboard.press('Tab');
    await page.getByText('2 of 2 captioned').waitFor();
    await page.getByRole('button', { name: 'Find and replace' }).click();
    await page.getByLabel('Find', { exact: true }).fill('disc');
    await page.getByLabel('Replace with').fill('circle');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Change 2 captions' }).click();
    const captions = () => Promise.all(['red', 'green'].map((name) => page.getByLabel(`Caption of ${name}.png`).inputValue()));
    const circles = ['a crimson circle', 'a green circle'];
    // shown at once, although the service has stored none of the three changes yet
    await expect.poll(captions).toEqual(circles);
    letThrough();
    await page.getByText('2 images changed').waitFor();
    expect(await captions(), 'as soon as the page says so').toEqual(circles);
    const stored = await service.call<{ images: { caption: string }[] }>('GET', `/v1/datasets/${await firstOf('/v1/datasets')}`);
    expect(stored.images.map(({ caption }) => caption)).toEqual(circles);
    await page.getByRole('checkbox', { name: 'Choose red.png' }).press('1');
    await page.getByText('person 1').waitFor();
    await page.getByRole('button', { name: 'Select all' }).click();
    await page.getByRole('checkbox', { name: 'Choose red.png' }).press('2');
    await page.getByText('background 2').waitFor();
    await page.getByRole('checkbox', { name: 'Choose green.png' }).press('x');
    await page.getByText('2 excluded').waitFor();
    await page.getByRole('button', { name: 'train on them' }).click();
    await page.getByText('2 excluded').waitFor({ state: 'detached' });
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Clear selection' }).click();
    await page.getByRole('checkbox', { name: 'Choose green.png' }).press('Delete');
    await page.getByLabel('Caption of green.png').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.getByLabel('Caption of green.png').waitFor();
    const again = { name: 'again.png', mimeType: 'image/png', buffer: Buffer.from(await discPicture(0)) };
    await page.locator('input[type=file]').first().setInputFiles([again]);
    await page.getByText(/again\.png.*the dataset already has this image/).waitFor();
  });

  it('restores a deleted dataset on request', async () => {
    await page.getByRole('button', { name: 'Delete dataset' }).click();
    await heading('Datasets');
    await page.getByRole('link', { name: /discs/ }).waitFor({ state: 'detached' });
    // the notes of earlier changes may still be there
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.getByRole('link', { name: /discs/ }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
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
    await page.getByText('hyperparameters.learning_rate').waitFor();
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
    const cell = page.getByRole('button', { name: 'a photo of zwx style, house, step 4' });
    await cell.click();
    const slider = page.getByRole('slider', { name: 'Divider between before and after' });
    await slider.press('ArrowRight');
    await expect.poll(() => slider.inputValue()).toBe('51');
    await page.waitForURL(/sample=4\./);
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
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
    await visit('/gallery');
    await page.getByRole('button', { name: 'a photo of zwx style, house' }).click();
    await page.getByRole('dialog').getByText('seed 7').waitFor();
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save image' }).click()]);
    const png = { name: 'saved.png', mimeType: 'image/png', buffer: await readFile(await saved.path()) };
    expect(png.buffer.subarray(1, 4).toString()).toBe('PNG');
    expect(await violationsOf(page)).toEqual([]);
  });

  it('creates a prompt set, a webhook and a key, and revokes the key', async () => {
    await visit('/prompts');
    await page.getByRole('button', { name: 'New prompt set' }).click();
    await page.getByLabel('Name').fill('animals');
    await page.getByLabel('Prompts, one per line').fill('cat\ndog');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'animals' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await visit('/webhooks');
    await page.getByRole('button', { name: 'New webhook' }).click();
    await page.getByLabel('Address').fill('https://example.com/hook');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText(/whsec_/).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Deliveries' }).click();
    await page.getByText('Nothing was sent yet.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('button', { name: 'Enable' }).waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Address').fill('https://example.com/other');
    await page.getByLabel('generation.failed').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'https://example.com/other' }).waitFor();
    const hooks = async () => (await service.call<{ data: object[] }>('GET', '/v1/webhooks')).data;
    await expect
      .poll(hooks)
      .toMatchObject([{ status: 'disabled', events: ['training_job.succeeded', 'training_job.failed', 'generation.failed'] }]);
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.getByText('enabled', { exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await visit('/keys');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name').fill('nightly');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('dialog').getByText(/^sf_/).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page
      .getByRole('row', { name: /nightly/ })
      .getByRole('button', { name: 'Revoke' })
      .click();
    await page.getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByRole('row', { name: /nightly.*revoked/ }).waitFor();
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
    expect(problems).toEqual([]);
  });
});
