// What a user does at the dashboard while jobs run and after: steers them, uploads an adapter, watches machines and deliveries.
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrainingJobBody } from '@styleforge/contracts';
import { warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCards } from './dashboard-large-lists.ts';
import { buildPage, chromiumMissing, type Dashboard, expectFits, openSignedIn, untilLoaded, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';
import { makeTinySdxlBaseModel } from './tiny-base-model.ts';

const PATIENCE = 120_000;
const root = fileURLToPath(new URL('../../', import.meta.url));
const golden = join(root, 'test/golden-methods');

describe.skipIf(warnNotTested('work in the dashboard in a browser', chromiumMissing))('work in the dashboard', () => {
  let service: TestService;
  let dashboard: Dashboard;
  let page: Page;
  let styleRef: string;
  const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const status = (name: string) =>
    page
      .getByText(name, { exact: true })
      .first()
      .waitFor({ timeout: 2 * PATIENCE });
  const createJob = async (steps: number) => {
    const hyperparameters = { resolution: 32, learning_rate: 1e-3, max_train_steps: steps };
    const body = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: styleRef }, hyperparameters };
    return (await service.call<TrainingJobBody>('POST', '/v1/training-jobs', { ...body, metadata: { name: `job of ${steps}` } })).id;
  };

  beforeAll(async () => {
    buildPage();
    service = await TestService.create({ tiny: {} }, { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' });
    const models = join(service.directory, 'models');
    await cp(join(golden, 'tiny-sd'), join(models, 'golden'), { recursive: true });
    await makeTinySdxlBaseModel(join(service.directory, 'sdxl'));
    await cp(join(service.directory, 'sdxl', 'tokenizer'), join(models, 'golden', 'tokenizer'), { recursive: true });
    styleRef = await service.createDataset('style_ref', [0, 40, 80]);
    dashboard = await openSignedIn(service, PATIENCE);
    ({ page } = dashboard);
  });
  afterAll(async () => {
    await dashboard?.close();
    await service?.remove();
  });

  it(
    'saves and samples a running job, pauses and resumes it, stops it and keeps its work, and clones it',
    async () => {
      const id = await createJob(20_000);
      await visit(`/jobs/${id}`);
      await status('running');
      await page.getByRole('link', { name: 'Log', exact: true }).click();
      await page
        .getByText(/^Step \d+ of 20000/)
        .last()
        .waitFor();
      await expect.poll(() => page.getByLabel('Follow the end').isChecked()).toBe(true);
      await button('Save now').click();
      await page.getByRole('row', { name: /checkpoint\.saved/ }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await button('Worker log').click();
      await page.getByText(/ info {2}checkpoint saved step=\d+/).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('link', { name: 'Overview' }).click();
      await button('Sample now').click();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('region', { name: 'Sample images by prompt and step' }).waitFor();
      await button('Pause').click();
      await status('paused');
      await button('Resume').click();
      await status('running');
      await button('Stop and keep').click();
      await status('cancelled');
      await page.getByRole('link', { name: 'Checkpoints', exact: true }).click();
      await page
        .getByRole('heading', { level: 2, name: /^Step \d+/ })
        .first()
        .waitFor();
      await button('Keep').first().click();
      await button('Kept').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('link', { name: 'Clone' }).click();
      await page.getByText('The form contains all settings of the cloned job').waitFor();
      await expect.poll(() => page.getByLabel('max_train_steps (changed)').inputValue()).toBe('20000');
    },
    5 * PATIENCE,
  );

  it(
    'trains a finished job for more steps, gives it a name and a star, deletes it and restores it',
    async () => {
      const id = await createJob(4);
      await visit(`/jobs/${id}`);
      await status('succeeded');
      await button('Extend').click();
      await page.getByLabel('Further steps').fill('2');
      await button('Train').click();
      await page.getByText('Step 6 of 6').waitFor({ timeout: 2 * PATIENCE });
      await status('succeeded');
      await button('Rename').click();
      await page.getByLabel('New name').fill('six steps');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'six steps' }).waitFor();
      await button('Star').click();
      await button('Remove the star').waitFor();
      await button('Delete job').click();
      await page.getByRole('heading', { level: 1, name: 'Training' }).waitFor();
      await page.getByRole('link', { name: /six steps/ }).waitFor({ state: 'detached' });
      await button('Undo').click();
      await page.getByRole('link', { name: /six steps/ }).waitFor();
    },
    5 * PATIENCE,
  );

  it('uploads a LoRA from elsewhere, which becomes a model', async () => {
    await visit('/models');
    await untilLoaded(page);
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles(join(golden, 'foreign', 'kohya.safetensors'));
    await page.getByRole('dialog').getByLabel('Name').fill('from-elsewhere');
    await page.getByLabel('Made for the base model').selectOption('golden');
    expect(await violationsOf(page)).toEqual([]);
    await button('Upload').click();
    await page.getByRole('heading', { level: 1, name: 'from-elsewhere' }).waitFor();
    await page.getByText(/^Uploaded as kohya\.safetensors/).waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows what the cards of a worker measure', async () => {
    await addCards(service);
    await visit('/queue');
    await page.getByText('Card 0: 97 % load, 71 °C, 402 W, 61 GB of 80 GB used').waitFor();
    await page.getByText('Card 1: The card reports no readings.').waitFor();
    await expectFits(page, `${service.service.url}/app`, ['/queue']);
  });

  it(
    'shows what was sent to an endpoint and what it responded, and sends it again',
    async () => {
      const endpoint = createServer((_request, response) => response.writeHead(503).end('the disk of the receiver is full'));
      await once(endpoint.listen(0, '127.0.0.1'), 'listening');
      try {
        const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook`;
        await service.call('POST', '/v1/webhooks', { url, events: ['training_job.succeeded'] });
        await visit('/webhooks');
        await button('Send a test').click();
        const response = page.getByLabel('Response', { exact: true });
        await page.getByText('503').first().click();
        await expect.poll(() => response.first().textContent()).toBe('the disk of the receiver is full');
        await page.getByText('"type":').first().waitFor();
        expect(await violationsOf(page)).toEqual([]);
        for (const width of [390, 1280]) {
          await page.setViewportSize({ width, height: 900 });
          expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${width} pixels`).toBe(true);
        }
      } finally {
        endpoint.close();
      }
    },
    2 * PATIENCE,
  );

  it('has reported no error', () => {
    expect(dashboard.problems).toEqual([]);
  });
});
