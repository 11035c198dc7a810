// As much as a project can hold, in the dashboard: 1,000 images, 500 jobs, a curve of 5,000 points, a study.
import { warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countOf, fillProject, type LargeProject } from './dashboard-large-lists.ts';
import { buildPage, chromiumMissing, type Dashboard, expectFits, openSignedIn, untilLoaded, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 120_000;

describe.skipIf(warnNotTested('long lists of the dashboard in a browser', chromiumMissing))(
  '1,000 images, 500 jobs and 5,000 steps',
  () => {
    let service: TestService;
    let dashboard: Dashboard;
    let page: Page;
    let project: LargeProject;
    const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
    const open = async (path: string) => {
      await visit(path);
      await untilLoaded(page);
    };
    const button = (name: string) => page.getByRole('button', { name, exact: true });

    beforeAll(async () => {
      buildPage();
      service = await TestService.create();
      dashboard = await openSignedIn(service, PATIENCE);
      ({ page } = dashboard);
      project = await fillProject(service);
    });
    afterAll(async () => {
      await dashboard?.close();
      await service?.remove();
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

    it('shows a part of the curve, which a link shows again, on phones as well', async () => {
      await page.getByLabel('First step shown').fill('1000');
      await page.keyboard.press('Enter');
      await page.waitForURL(/zoom=1000-5000/);
      await page.reload();
      await page.locator('.u-over').hover();
      await page.getByText(/^Step (?:29|30)\d\d$/).waitFor();
      await expectFits(page, `${service.service.url}/app`, [`/jobs/${project.jobId}?zoom=1000-2000`]);
      await page.setViewportSize({ width: 1280, height: 900 });
      await button('Show all steps').click();
      await page.waitForURL((url) => url.search === '');
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

    it('is where it was when one comes back from a job', async () => {
      await open('/jobs');
      await page.locator('table[aria-rowcount="501"]').waitFor();
      await page.evaluate('scrollTo(0, 12_000)');
      const row = page.locator('tr[aria-rowindex="205"]').getByRole('link');
      const name = (await row.textContent()) ?? '';
      await row.click();
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
      expect(await page.evaluate('scrollY')).toBe(0);
      await page.goBack();
      await page.getByRole('link', { name, exact: true }).waitFor();
      expect(await page.evaluate('scrollY')).toBeGreaterThan(10_000);
    });

    it('has reported no error', () => {
      expect(dashboard.problems).toEqual([]);
    });
  },
);
