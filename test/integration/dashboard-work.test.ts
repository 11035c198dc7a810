// What a user does at the dashboard while jobs run and after: steers them, keeps or drops StyleDrop's candidates, votes blindly, uploads an
// adapter, looks through long lists.
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvaluationBody, TrainingJobBody } from '@styleforge/contracts';
import { warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCards, countOf, fillProject, type LargeProject } from './dashboard-large-lists.ts';
import {
  buildPage,
  chromiumMissing,
  type Dashboard,
  expectFits,
  openDashboard,
  signIn,
  untilLoaded,
  violationsOf,
} from './dashboard-page.ts';
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
    await cp(join(root, 'models/mini-clip'), join(models, 'mini-clip'), { recursive: true });
    styleRef = await service.createDataset('style_ref', [0, 40, 80]);
    dashboard = await openDashboard(PATIENCE);
    ({ page } = dashboard);
    await signIn(page, service.service.url, service.apiKey);
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

  it(
    "keeps and drops StyleDrop's candidates on a board, and trains the second round",
    async () => {
      await visit('/train?view=yaml');
      const request = {
        method: 'styledrop',
        base_model: 'tiny',
        style_ref: { dataset_id: styleRef },
        styledrop: { style: 'disc painting', candidates: { prompts: ['a cat'], images_per_prompt: 2, clip_extractor: 'mini-clip' } },
        hyperparameters: { resolution: 32, max_train_steps: 2, use_captions: false },
        metadata: { name: 'discs' },
      };
      await page.getByLabel('Request as YAML').fill(JSON.stringify(request));
      await page.getByText('Ready to start').waitFor();
      await button('Start training').click();
      await page.getByRole('heading', { level: 1, name: 'discs' }).waitFor();
      await page.getByRole('link', { name: 'Candidates' }).click();
      await button('Keep candidate 2').click({ timeout: 3 * PATIENCE });
      await button('Drop candidate 1').click();
      await page.getByText('1 kept, 1 dropped').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await button('a cat in disc painting style, candidate 1').click();
      await page.getByRole('dialog').getByText('1 of 2').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Keep candidate 1' }).click();
      await page.getByText('2 kept, 0 dropped').waitFor({ state: 'attached' });
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('dialog').getByRole('button', { name: 'Drop candidate 1' }).click();
      await page.keyboard.press('Escape');
      await page.getByText('1 kept, 1 dropped').waitFor();
      const job = /job_[^/]+/.exec(page.url())?.[0];
      const counts = async () => (await service.call<{ counts: object }>('GET', `/v1/training-jobs/${job}/feedback`)).counts;
      await expect.poll(counts, { message: 'stored before the page is left' }).toEqual({ keep: 1, drop: 1, undecided: 0 });
      await expectFits(page, `${service.service.url}/app`, [new URL(page.url()).pathname.replace('/app', '')]);
      await page.getByText('1 kept, 1 dropped').waitFor();
      const first = page.url();
      await button('Train round 2 on 1').click();
      await page.waitForURL((url) => /\/jobs\/job_[^/]+$/.test(url.pathname) && url.href !== first);
      await page.getByRole('heading', { level: 1, name: 'discs (round 2)' }).waitFor();
      await page.getByText(/of 2$/).first().waitFor();
      await service.request('POST', `/v1/training-jobs/${new URL(page.url()).pathname.split('/').at(-1)}/cancel`);
    },
    8 * PATIENCE,
  );

  it(
    'accepts blind votes by keyboard, and shows the preferences in the report',
    async () => {
      const { id } = await service.call<EvaluationBody>('POST', '/v1/evaluations', {
        ...{ model: 'tiny', compare_with: ['golden'], prompts: ['a cat', 'a house'], steps: 1 },
        ...{ metrics: ['clip'], clip_extractor: 'mini-clip' },
      });
      await visit(`/evaluations/${id}?tab=vote`);
      await page.getByText('succeeded', { exact: true }).waitFor({ timeout: 3 * PATIENCE });
      await page.getByText('0 of 2 voted').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.keyboard.press('ArrowLeft');
      await page.getByText('1 of 2 voted').waitFor();
      await page.keyboard.press('ArrowDown');
      await page.getByRole('heading', { name: /was preferred/ }).waitFor();
      await page.getByRole('link', { name: 'Report' }).click();
      await page.getByRole('region', { name: 'Blind votes' }).getByText('2 votes by 1 API key').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      const report = await service.call<{ votes: object }>('GET', `/v1/evaluations/${id}/report`);
      expect(report.votes).toMatchObject({ voters: 1, votes: 2, pairs: [{ no_difference: 1 }] });
      await expectFits(page, `${service.service.url}/app`, [
        `/evaluations/${id}`,
        `/evaluations/${id}?tab=images`,
        `/evaluations/${id}?tab=vote`,
      ]);
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

  describe('with 1,000 images, 500 jobs and 5,000 steps', () => {
    let project: LargeProject;
    const open = async (path: string) => {
      await visit(path);
      await untilLoaded(page);
    };
    beforeAll(async () => {
      project = await fillProject(service);
    });

    it('has as many elements for 1,000 images as for 60, and finds one by its caption', async () => {
      await open(`/datasets/${project.few}`);
      await page.getByText('59 of 60 captioned').waitFor();
      const few = { tiles: await countOf(page, '.tile'), elements: await countOf(page, '*') };
      await open(`/datasets/${project.many}`);
      await page.getByText('999 of 1000 captioned').waitFor();
      expect(await countOf(page, '.tile')).toBeLessThanOrEqual(few.tiles);
      expect(await countOf(page, '*')).toBeLessThan(1.2 * few.elements);
      expect(await violationsOf(page)).toEqual([]);
      await page.getByLabel('Caption of 500.png').waitFor({ state: 'detached' });
      await page.getByLabel('Search captions and names').fill('number 500');
      await page.getByLabel('Caption of 500.png').waitFor();
    });

    it('lists 500 jobs with as many rows as the window shows, down to the last one', async () => {
      await open('/jobs?q=copy%20499');
      await page.getByRole('link', { name: 'copy 499' }).waitFor();
      expect(await countOf(page, 'tbody tr')).toBe(1);
      await open('/jobs');
      // the newest are there first
      await page.locator('table[aria-rowcount="501"]').waitFor();
      expect(await countOf(page, 'tbody tr')).toBeLessThan(60);
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      await page.locator('tr[aria-rowindex="501"]').waitFor();
      expect(await countOf(page, 'tbody tr')).toBeLessThan(60);
      expect(await violationsOf(page)).toEqual([]);
    });

    it('draws a curve of 5,000 points on one canvas, whose crosshair follows the pointer', async () => {
      await open(`/jobs/${project.jobId}`);
      await page.getByRole('img', { name: /over 5000 steps/ }).waitFor({ timeout: 2 * PATIENCE });
      expect(await countOf(page, '.chart canvas')).toBe(1);
      expect(await countOf(page, '*')).toBeLessThan(600);
      await page.locator('.u-over').hover();
      await page.getByText(/^Step 2[45]\d\d$/).waitFor();
    });

    it('shows a study of two settings as a map whose best cell links to its job, and deletes it with undo', async () => {
      await expectFits(page, `${service.service.url}/app`, [`/studies/${project.studyId}`]);
      const lines = page.getByRole('region', { name: 'Variations across their settings and StyleRef loss' });
      expect(await lines.getByRole('link').count()).toBe(4);
      await lines.getByRole('link', { name: 'variation 0: StyleRef loss' }).press('Enter');
      await page.getByRole('heading', { level: 1, name: 'variation 0' }).waitFor();
      await visit(`/studies/${project.studyId}`);
      const map = page.getByRole('region', { name: 'StyleRef loss by learning_rate and max_train_steps' });
      await map.getByRole('link', { name: '(best)' }).click();
      await page.getByRole('heading', { level: 1, name: 'variation 0' }).waitFor();
      await visit(`/studies/${project.studyId}`);
      await button('Delete study').click();
      await page.getByRole('link', { name: 'rates and lengths' }).waitFor({ state: 'detached' });
      await button('Undo').click();
      await page.getByRole('link', { name: 'rates and lengths' }).waitFor();
    });
  });

  it('has reported no error', () => {
    expect(dashboard.problems).toEqual([]);
  });
});
