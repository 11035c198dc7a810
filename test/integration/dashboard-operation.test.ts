// Prompt sets, webhooks and keys in the dashboard.
import { fileURLToPath } from 'node:url';
import { warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, chromiumMissing, type Dashboard, expectFits, openSignedIn, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 60_000;

describe.skipIf(warnNotTested('prompt sets, webhooks and keys in the dashboard', chromiumMissing))(
  'prompt sets, webhooks and keys in the dashboard',
  () => {
    let service: TestService;
    let dashboard: Dashboard;
    let page: Page;
    const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);

    beforeAll(async () => {
      buildPage();
      service = await TestService.create({}, { BASE_MODELS_DIRECTORY: fileURLToPath(new URL('../../models', import.meta.url)) });
      dashboard = await openSignedIn(service, PATIENCE);
      ({ page } = dashboard);
    });
    afterAll(async () => {
      await dashboard?.close();
      await service?.remove();
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
      await page.getByText(/^Nothing was sent yet/).waitFor();
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
      'fits phones, tablets and desktops in both themes',
      () => expectFits(page, `${service.service.url}/app`, ['/prompts', '/webhooks', '/keys']),
      10 * PATIENCE,
    );

    it('has reported no error', () => {
      expect(dashboard.problems).toEqual([]);
    });
  },
);
