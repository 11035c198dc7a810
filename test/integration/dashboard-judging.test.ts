// Judgments in the dashboard: StyleDrop's candidates are kept or dropped, images are compared blindly, and nothing is lost on leaving.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvaluationBody } from '@styleforge/contracts';
import { warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, chromiumMissing, type Dashboard, expectFits, openSignedIn, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 120_000;
const root = fileURLToPath(new URL('../../', import.meta.url));
/** The first request that changes something never ends, so that later changes of the same thing wait. */
const FIRST_CHANGE_HANGS = `{
  const real = fetch;
  let isHeld = false;
  window.fetch = (url, init) => {
    if (isHeld || (init?.method ?? 'GET') === 'GET') return real(url, init);
    isHeld = true;
    return new Promise(() => {});
  };
}`;

describe.skipIf(warnNotTested('judgments in the dashboard', chromiumMissing))('judgments in the dashboard', () => {
  let service: TestService;
  let dashboard: Dashboard;
  let page: Page;
  let styleRef: string;
  const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    buildPage();
    service = await TestService.create();
    const models = join(service.directory, 'models');
    await cp(join(models, 'tiny'), join(models, 'other'), { recursive: true });
    await cp(join(root, 'models/mini-clip'), join(models, 'mini-clip'), { recursive: true });
    styleRef = await service.createDataset('style_ref', [0, 40, 80]);
    dashboard = await openSignedIn(service, PATIENCE);
    ({ page } = dashboard);
  });
  afterAll(async () => {
    await dashboard?.close();
    await service?.remove();
  });

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
      await expect
        .poll(counts, { message: 'stored before the page is left', timeout: PATIENCE })
        .toEqual({ keep: 1, drop: 1, undecided: 0 });
      await expectFits(page, `${service.service.url}/app`, [new URL(page.url()).pathname.replace('/app', '')]);
      await page.getByText('1 kept, 1 dropped').waitFor();
      const first = page.url();
      await page.evaluate(FIRST_CHANGE_HANGS);
      await button('Keep candidate 1').click();
      await page.getByText('2 kept, 0 dropped').waitFor();
      await button('Keep candidate 1').click();
      await page.getByText('1 kept, 0 dropped').waitFor();
      await page.goto('about:blank');
      const left = { message: 'a verdict that waited for an earlier one is sent when the page is closed', timeout: PATIENCE };
      await expect.poll(counts, left).toEqual({ keep: 1, drop: 0, undecided: 1 });
      await page.goto(first);
      await button('Drop candidate 1').click();
      await page.getByText('1 kept, 1 dropped').waitFor();
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
        ...{ model: 'tiny', compare_with: ['other'], prompts: ['a cat', 'a house'], steps: 1 },
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

  it('has reported no error', () => {
    expect(dashboard.problems).toEqual([]);
  });
});
