// The playground: images that start from images, parameters read from images, and grids of two settings.
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readImageParameters } from '@styleforge/sdk';
import { discPicture, warnNotTested } from '@styleforge/testing';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, chromiumMissing, type Dashboard, expectFits, openSignedIn, untilLoaded, violationsOf } from './dashboard-page.ts';
import { TestService } from './service.ts';

const PATIENCE = 120_000;
type Generation = { id: string; status: string; config: Record<string, unknown>; images: { id: string }[] };

/** A PNG with one text, as other programs write it. */
async function pngWith(keyword: string, text: string): Promise<Buffer> {
  const png = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'gray' } })
    .png()
    .toBuffer();
  const data = Buffer.from(`${keyword}\0${text}`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([png.subarray(0, -12), length, Buffer.from('tEXt'), data, Buffer.alloc(4), png.subarray(-12)]);
}

/** Drops a file on an element as a user does: the browser makes the events, with the file in them. */
async function drop(page: Page, selector: string, file: { name: string; type: string; bytes: Buffer }): Promise<void> {
  const parts = JSON.stringify([file.name, file.type, file.bytes.toString('base64')]);
  const transfer = await page.evaluateHandle(`{
    const [name, type, base64] = ${parts};
    const moved = new DataTransfer();
    moved.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name, { type }));
    moved;
  }`);
  for (const type of ['dragover', 'drop']) await page.dispatchEvent(selector, type, { dataTransfer: transfer });
}

describe.skipIf(warnNotTested('the playground in a browser', chromiumMissing))('the playground', () => {
  let service: TestService;
  let dashboard: Dashboard;
  let page: Page;
  const visit = async (path: string) => page.goto(`${service.service.url}/app${path}`);
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const field = (name: string) => page.getByLabel(name, { exact: true });
  const newest = async () => {
    const { data } = await service.call<{ data: Generation[] }>('GET', '/v1/images/generations');
    return service.call<Generation>('GET', `/v1/images/generations/${data[0]!.id}`);
  };
  const generate = async () => {
    await button('Generate').click();
    await page.waitForURL(/generations=gen_\w+/);
  };
  /** Opens a fresh form: a reload forgets what was entered. */
  const start = async () => {
    await visit('/play');
    await field('Prompts, one per line').fill('house');
    await page.getByText('More settings').click();
    await field('Steps').fill('3');
  };

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

  it('begins from an uploaded image and from a result, with a strength, and takes the result up again from the history', async () => {
    await start();
    await field('Image to start from').setInputFiles({
      name: 'disc.png',
      mimeType: 'image/png',
      buffer: Buffer.from(await discPicture(40)),
    });
    await page.getByRole('img', { name: 'Starting image: disc.png' }).waitFor();
    await page.getByRole('slider', { name: /Strength/ }).fill('0.3');
    expect(await violationsOf(page)).toEqual([]);
    await generate();
    await button(/^house, by /).click();
    expect((await newest()).config).toMatchObject({ image: { id: null }, strength: 0.3 });
    await button('Start from this image').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('The next images start from this one').waitFor();
    await page.getByRole('img', { name: 'Starting image: house' }).waitFor();
    const first = (await newest()).images[0]!.id;
    await page.evaluate('history.replaceState({}, "", "/app/play")');
    await generate();
    await expect.poll(async () => (await newest()).config['image']).toEqual({ id: first });
    await start();
    await button('Reuse').first().click();
    await page.getByRole('img', { name: 'Starting image: image of this project' }).waitFor();
    expect(await page.getByRole('slider', { name: /Strength/ }).inputValue()).toBe('0.3');
    await button('Reuse').nth(1).click();
    await page.getByText('Choose the image to start from again').waitFor();
    await field('Image to start from').waitFor();
    await visit(`/play?start=${first}`);
    await page.getByRole('img', { name: 'Starting image: image of this project' }).waitFor();
    await button('Remove').click();
    await page.waitForURL((url) => !url.search.includes('start'));
  });

  it('takes a dropped image as the start where it is dropped on that field', async () => {
    await start();
    await drop(page, 'input[aria-label="Image to start from"]', {
      name: 'disc.png',
      type: 'image/png',
      bytes: Buffer.from(await discPicture(80)),
    });
    await page.getByRole('img', { name: 'Starting image: disc.png' }).waitFor();
    expect(await field('Prompts, one per line').inputValue()).toBe('house');
  });

  it("reads the parameters of its own images, of AUTOMATIC1111's and of ComfyUI's, dropped or chosen", async () => {
    const { images } = await newest();
    const own = Buffer.from(await (await service.request('GET', `/v1/images/${images[0]!.id}`)).arrayBuffer());
    const values = async () => {
      const of = async (name: string) => field(name).inputValue();
      return [await of('Prompts, one per line'), await of('Seed'), await of('Steps'), await of('Sampler'), await of('Width')];
    };
    await visit('/play');
    await untilLoaded(page);
    await page.getByText('More settings').click();
    await drop(page, 'h1', { name: 'own.png', type: 'image/png', bytes: own });
    await page.getByText('The parameters of own.png were copied into the form').waitFor();
    const { seed, steps } = (await readImageParameters(own))!;
    expect(await values()).toEqual(['house', String(seed), String(steps), 'ddim', '64']);
    const text = 'a fox,\nin snow\nNegative prompt: blurry\nSteps: 21, Sampler: DPM++ 2M Karras, CFG scale: 6, Seed: 5, Size: 96x64';
    await drop(page, '.play', { name: 'other.png', type: 'image/png', bytes: await pngWith('parameters', text) });
    await expect.poll(values).toEqual(['a fox, in snow', '5', '21', 'dpmsolver++karras', '96']);
    expect(await field('Negative prompt').inputValue()).toBe('blurry');
    const graph = {
      1: { inputs: { text: 'a boat' } },
      2: { inputs: { width: 80, height: 64 } },
      3: { inputs: { seed: 8, steps: 9, cfg: 4, sampler_name: 'heun', scheduler: 'normal', positive: ['1', 0], latent_image: ['2', 0] } },
    };
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button("Read an image's parameters").click()]);
    await chooser.setFiles({ name: 'comfy.png', mimeType: 'image/png', buffer: await pngWith('prompt', JSON.stringify(graph)) });
    await expect.poll(values).toEqual(['a boat', '8', '9', '', '80']);
    await page.getByText('Its sampler, heun, does not exist here: the default is used.').waitFor();
  });

  it('says what is missing in an image without parameters and in a file that is no image, and keeps the form', async () => {
    const before = await field('Prompts, one per line').inputValue();
    await drop(page, '.play', { name: 'bare.png', type: 'image/png', bytes: Buffer.from(await discPicture(0)) });
    await page.getByText('bare.png contains no parameters').waitFor();
    await drop(page, '.play', { name: 'notes.txt', type: 'text/plain', bytes: Buffer.from('words') });
    await page.getByText('notes.txt is not an image').waitFor();
    await page.getByText('More settings').scrollIntoViewIfNeeded();
    expect(await field('Prompts, one per line').inputValue()).toBe(before);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Dismiss' }).first().click();
    await page.getByRole('button', { name: 'Dismiss' }).first().click();
  });

  it('names the prompt that is too long, at the field and in the message', async () => {
    await start();
    await field('Prompts, one per line').fill(`house\n\n${'x'.repeat(2100)}`);
    await button('Generate').click();
    await page.getByRole('status').getByText('Prompt 2: must have at most 2000 characters').waitFor();
    expect(await field('Prompts, one per line').getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#play-prompts-error').textContent()).toBe('Prompt 2: must have at most 2000 characters');
    await field('Prompts, one per line').fill('house');
    await expect.poll(() => field('Prompts, one per line').getAttribute('aria-invalid')).toBeNull();
    await page.getByRole('button', { name: 'Dismiss' }).click();
  });

  it(
    'shows a grid with its values at the sides, saves it, opens its images, and shows the same by its address',
    async () => {
      await start();
      await button('Vary a setting').click();
      await field('Values across').fill('1, 2, 3');
      await button('Vary another setting').click();
      await field('Values down').fill('1, 6');
      await generate();
      const grid = page.getByRole('region', { name: 'Grid of images' });
      await grid.getByRole('button').nth(5).waitFor();
      expect(await grid.getByRole('columnheader').allInnerTexts()).toEqual(['1', '2', '3']);
      expect(await grid.getByRole('rowheader').allInnerTexts()).toEqual(['1', '6']);
      expect(await violationsOf(page)).toEqual([]);
      const [picture] = await Promise.all([page.waitForEvent('download'), button('Save the grid as one image').click()]);
      const { width = 0, height = 0 } = await sharp(await readFile(await picture.path())).metadata();
      expect([width > 3 * 64, height > 2 * 64]).toEqual([true, true]);
      const [archive] = await Promise.all([page.waitForEvent('download'), button('Download 6 images').click()]);
      expect((await readFile(await archive.path())).subarray(0, 2).toString()).toBe('PK');
      await page.reload();
      await grid.getByRole('button', { name: 'house, Steps 2, Guidance 6, seed 7' }).click();
      await page.getByRole('dialog').getByText('StyleForge mini, Steps 2, Guidance 6, seed 7').waitFor();
      await page.waitForURL(/image=img_\w+/);
      expect(await violationsOf(page)).toEqual([]);
      await page.reload();
      await page.getByRole('dialog').getByText('5 of 6').waitFor();
      await page.keyboard.press('Escape');
      const { pathname, search } = new URL(page.url());
      await expectFits(page, `${service.service.url}/app`, [pathname.replace('/app', '') + search]);
    },
    10 * PATIENCE,
  );

  it('saves all prompts of a grid, one below the other', async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await start();
    await field('Prompts, one per line').fill('house\ncat');
    await button('Vary a setting').click();
    await field('Values across').fill('1, 2');
    await generate();
    await page.getByRole('region', { name: 'Grid of images' }).getByRole('button').nth(3).waitFor();
    const [saved] = await Promise.all([page.waitForEvent('download'), button('Save the grid as one image').click()]);
    const grid = sharp(await readFile(await saved.path()));
    expect(await grid.metadata()).toMatchObject({ width: 160 + 2 * (64 + 8), height: 40 + 2 * (64 + 8) });
    const { channels } = await grid.extract({ left: 160, top: 40 + 64 + 8, width: 2 * 64 + 8, height: 64 }).stats();
    expect(channels[0]!.stdev).toBeGreaterThan(5);
  });

  it('cancels a grid in the middle, and keeps what exists', async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await start();
    await button('Vary a setting').click();
    await field('Values across').fill('40, 400, 500, 600, 700');
    await generate();
    const grid = page.getByRole('region', { name: 'Grid of images' });
    await grid.getByRole('button').first().waitFor();
    await button(/^Cancel /).click();
    await page.getByText('cancelled', { exact: true }).first().waitFor();
    await grid.getByText('Not generated').first().waitFor();
    expect(await grid.getByRole('button').count()).toBeGreaterThan(0);
    expect(await violationsOf(page)).toEqual([]);
    expect((await newest()).status).toBe('cancelled');
  });

  it('keeps what was entered while another screen is open', async () => {
    await field('Prompts, one per line').fill('a lighthouse');
    await page.getByRole('link', { name: 'Gallery', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Gallery' }).waitFor();
    await page.getByRole('link', { name: 'Playground', exact: true }).click();
    await expect.poll(() => field('Prompts, one per line').inputValue()).toBe('a lighthouse');
  });

  it('has reported no error', () => {
    expect(dashboard.problems).toEqual([]);
  });
});
