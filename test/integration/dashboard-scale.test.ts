// The dashboard with as much as a project can hold: 1,000 images, 500 jobs, a curve of 5,000 points. What is outside the window does not exist.
import { createDatabase, type Database } from '@styleforge/database';
import { warnNotTested } from '@styleforge/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, chromiumMissing, openBrowser, openPage, signIn, untilLoaded, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 120_000;
const FRAMES = 40;
const MEDIAN_FRAME = `(async () => {
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < ${FRAMES}; frame++) {
    scrollBy(0, 300);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  scrollTo(0, 0);
  return times.sort((a, b) => a - b)[${FRAMES / 2}];
})()`;

describe.skipIf(warnNotTested('large lists in a browser', chromiumMissing))('large lists', () => {
  let service: TestService;
  let database: Database;
  let browser: Browser;
  let page: Page;
  let jobId: string;
  const problems: string[] = [];
  const datasets = { few: '', many: '' };
  const visit = async (path: string) => {
    await page.goto(`${service.service.url}/app${path}`);
    await untilLoaded(page);
  };
  const countOf = async (selector: string) => page.locator(selector).count();
  const medianFrame = async () => (await page.evaluate(MEDIAN_FRAME)) as number;

  /** Rows as the service writes them, of one that it has written. */
  async function copyRows(): Promise<void> {
    const { prisma } = database;
    for (const [name, count] of [
      ['few', 60],
      ['many', 1_000],
    ] as const) {
      datasets[name] = await service.createDataset('style_ref', [0]);
      await prisma.$executeRaw`
        insert into images select r.* from images t, generate_series(2, ${count}::int) n, lateral jsonb_populate_record(t, jsonb_build_object(
          'id', 'img_' || gen_random_uuid(), 'sha256', encode(sha256(n::text::bytea), 'hex'),
          'file_name', n || '.png', 'caption', 'number ' || n)) r
        where t.dataset_id = ${datasets[name]}`;
    }
    jobId = await service.createJob(datasets.few, datasets.few, { max_train_steps: 2 });
    await service.untilFinished(jobId);
    await prisma.$executeRaw`
      insert into job_metrics select r.* from job_metrics t, generate_series(3, 5000) n, lateral jsonb_populate_record(t, jsonb_build_object('step', n)) r
      where t.job_id = ${jobId} and t.step = 1`;
    await prisma.$executeRaw`
      insert into training_jobs select r.* from training_jobs t, generate_series(2, 500) n, lateral jsonb_populate_record(t, jsonb_build_object(
        'id', 'job_' || gen_random_uuid(), 'name', 'copy ' || n)) r
      where t.id = ${jobId}`;
  }

  beforeAll(async () => {
    buildPage();
    service = await TestService.create();
    database = createDatabase(service.service.databaseUrl, { maxConnections: 1 });
    browser = await openBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    page = await openPage(context, problems);
    page.setDefaultTimeout(PATIENCE);
    await signIn(page, service.service.url, service.apiKey);
    await copyRows();
  });
  afterAll(async () => {
    await browser?.close();
    await database?.close();
    await service?.remove();
  });

  it(
    'shows 1,000 images with as many elements as 60, and scrolls as smoothly',
    async () => {
      await visit(`/datasets/${datasets.few}`);
      await page.getByText('60 of 60 captioned').or(page.getByText('59 of 60 captioned')).waitFor();
      const few = { tiles: await countOf('.tile'), elements: await countOf('*'), frame: await medianFrame() };
      await visit(`/datasets/${datasets.many}`);
      await page.getByText('999 of 1000 captioned').waitFor();
      const many = { tiles: await countOf('.tile'), elements: await countOf('*'), frame: await medianFrame() };
      expect(many.tiles).toBeLessThanOrEqual(few.tiles);
      expect(many.elements).toBeLessThan(1.2 * few.elements);
      expect(many.frame / few.frame).toBeLessThan(4);
      expect(await violationsOf(page)).toEqual([]);
      await page.getByLabel('Caption of 500.png').waitFor({ state: 'detached' });
      await page.getByLabel('Search captions and names').fill('number 500');
      await page.getByLabel('Caption of 500.png').waitFor();
    },
    3 * PATIENCE,
  );

  it(
    'lists 500 jobs with as many rows as the window shows, to the last one',
    async () => {
      await visit('/jobs?q=copy%20499');
      await page.getByRole('link', { name: 'copy 499' }).waitFor();
      const one = { rows: await countOf('tbody tr'), frame: await medianFrame() };
      expect(one.rows).toBe(1);
      await visit('/jobs');
      await page.getByRole('row').nth(5).waitFor();
      expect(await countOf('tbody tr')).toBeLessThan(60);
      expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('501');
      expect((await medianFrame()) / one.frame).toBeLessThan(4);
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      await page.locator('tr[aria-rowindex="501"]').waitFor();
      expect(await countOf('tbody tr')).toBeLessThan(60);
      expect(await violationsOf(page)).toEqual([]);
    },
    3 * PATIENCE,
  );

  it(
    'draws a curve of 5,000 points on one canvas, whose crosshair follows the pointer',
    async () => {
      await visit(`/jobs/${jobId}`);
      await page.getByRole('img', { name: /over 5000 steps/ }).waitFor({ timeout: 2 * PATIENCE });
      expect(await countOf('.chart canvas')).toBe(1);
      expect(await countOf('*')).toBeLessThan(600);
      await page.locator('.u-over').hover();
      await page.getByText(/^Step 2[45]\d\d$/).waitFor();
    },
    3 * PATIENCE,
  );

  it('reported no error of its own', () => {
    expect(problems).toEqual([]);
  });
});
