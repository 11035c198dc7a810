// Datasets in the dashboard: images from files and URLs, captions, components, duplicates and undo.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { discPicture, warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, chromiumMissing, type Dashboard, expectFits, holdFirst, openSignedIn, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 60_000;

describe.skipIf(warnNotTested('datasets in the dashboard', chromiumMissing))('datasets in the dashboard', () => {
  let service: TestService;
  let dashboard: Dashboard;
  let page: Page;
  const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
  const firstOf = async (path: string) => (await service.call<{ data: { id: string }[] }>('GET', path)).data[0]!.id;
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor({ timeout: PATIENCE });

  beforeAll(async () => {
    buildPage();
    service = await TestService.create(
      {},
      { BASE_MODELS_DIRECTORY: fileURLToPath(new URL('../../models', import.meta.url)), WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' },
    );
    dashboard = await openSignedIn(service, PATIENCE);
    ({ page } = dashboard);
  });
  afterAll(async () => {
    await dashboard?.close();
    await service?.remove();
  });

  it('creates a dataset from dropped files, and gives a reason for each refused file', async () => {
    await visit('/datasets?new=style_ref');
    await page.getByLabel('Name', { exact: true }).fill('discs');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create' }).click();
    await heading('discs');
    const file = async (name: string, hue: number) => ({ name, mimeType: 'image/png', buffer: Buffer.from(await discPicture(hue)) });
    const words = { name: 'words.png', mimeType: 'image/png', buffer: Buffer.from('these are words') };
    const photo = { name: 'IMG_1.heic', mimeType: 'image/heic', buffer: Buffer.from('a photo') };
    const caption = { name: 'red.txt', mimeType: 'text/plain', buffer: Buffer.from('a red disc\n') };
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([await file('red.png', 0), await file('green.png', 120), words, photo, caption]);
    await page.getByText('2 images uploaded, 2 refused').waitFor();
    await page.getByText(/words\.png/).waitFor();
    await page.getByText('IMG_1.heic: HEIC files are not read').waitFor();
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
    const dialog = page.getByRole('dialog');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'a red disc' }).click();
    await dialog.getByText('1 of 2').waitFor();
    await page.goBack();
    await dialog.waitFor({ state: 'hidden' });
    expect(page.url(), 'Back closes the image and stays on the dataset').toMatch(/\/datasets\/ds_[^/?]+$/);
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

  it('imports images from URLs, and says at the field which line is wrong and why an image was refused', async () => {
    const web = createServer(async ({ url }, response) => {
      if (url === '/missing.png') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'image/png' }).end(await discPicture(200));
    });
    await once(web.listen(0, '127.0.0.1'), 'listening');
    try {
      const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
      await page.getByRole('link', { name: /discs/ }).click();
      await page.getByRole('button', { name: 'Import from URLs' }).click();
      const lines = page.getByLabel('URLs, one per line');
      await lines.fill(`${address}/blue.png\nnot an address\n${address}/missing.png`);
      await page.getByRole('button', { name: 'Import 3 images' }).click();
      await page.getByText('not an address: must be a URL').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await lines.fill(`${address}/blue.png\n${address}/missing.png`);
      await page.getByRole('button', { name: 'Import 2 images' }).click();
      await page.getByText('1 image imported, 1 refused').waitFor();
      await page.getByText('missing.png: responded with status 404 instead of an image').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Done' }).click();
      await page.getByLabel('Caption of blue.png').waitFor();
    } finally {
      web.close();
    }
  });

  it('stores the caption that is being typed and completes deletes when the page is left', async () => {
    const id = await firstOf('/v1/datasets');
    const stored = async () => {
      const { images } = await service.call<{ images: { file_name: string; caption: string | null }[] }>('GET', `/v1/datasets/${id}`);
      return images.map(({ file_name: name, caption }) => `${name}: ${caption}`);
    };
    await page.getByRole('checkbox', { name: 'Choose blue.png' }).press('Delete');
    await page.getByLabel('Caption of blue.png').waitFor({ state: 'detached' });
    await page.getByLabel('Caption of green.png').fill('half a thought');
    await page.goto('about:blank');
    await expect.poll(stored, { message: 'closed', timeout: PATIENCE }).toEqual(['red.png: a crimson circle', 'green.png: half a thought']);
    await visit('/datasets');
    await page.getByRole('link', { name: /discs/ }).click();
    await page.getByLabel('Caption of red.png').fill('the other half');
    await page.evaluate('history.back()');
    await heading('Datasets');
    await expect
      .poll(stored, { message: 'gone back', timeout: PATIENCE })
      .toEqual(['red.png: the other half', 'green.png: half a thought']);
  });

  it(
    'fits phones, tablets and desktops in both themes',
    async () =>
      expectFits(page, `${service.service.url}/app`, ['/datasets', '/datasets?new=aux', `/datasets/${await firstOf('/v1/datasets')}`]),
    10 * PATIENCE,
  );

  it('has reported no error', () => {
    expect(dashboard.problems).toEqual([]);
  });
});
