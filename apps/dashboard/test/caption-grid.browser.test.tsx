// The grid of captions: stored by Enter and by leaving, brought back by Escape, and only as many tiles as the window shows.
import type { DatasetImage } from '@styleforge/sdk';
import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { replaceIn, surround, tagCounts } from '../src/data/captions.ts';
import { bitsOf, distance, sharpnessOf, warningsOf } from '../src/data/image-checks.ts';
import { DatasetGrid } from '../src/screens/datasets/dataset-grid.tsx';
import { show, update } from './render.tsx';

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

const images = Array.from(
  { length: 1_000 },
  (_, index) =>
    ({
      ...{ id: `img_${index}`, file_name: `${index}.png`, caption: `number ${index}`, component: null, excluded: false },
      ...{ width: 64, height: 64, thumbnail_url: PIXEL, url: PIXEL },
    }) as DatasetImage,
);

function grid(onCaption: (id: string, caption: string | null) => void, shown = images) {
  return (
    <DatasetGrid
      images={shown}
      tile={170}
      chosen={new Set()}
      warnings={new Map()}
      isReadOnly={false}
      onChoose={() => undefined}
      onOpen={() => undefined}
      onCaption={onCaption}
    />
  );
}

it('stores a caption on Enter and moves to the next, undoes on Escape, and stores the rest on leaving', async () => {
  const onCaption = vi.fn();
  show(grid(onCaption));
  await page.getByLabelText('Caption of 0.png').fill('a red disc');
  await userEvent.keyboard('{Enter}');
  expect(onCaption).toHaveBeenLastCalledWith('img_0', 'a red disc');
  await vi.waitFor(() => expect(document.activeElement?.getAttribute('aria-label')).toBe('Caption of 1.png'));
  await userEvent.keyboard(' and more{Escape}');
  expect((document.activeElement as HTMLTextAreaElement).value).toBe('number 1');
  await userEvent.keyboard('{Shift>}{Enter}{/Shift}');
  expect((document.activeElement as HTMLTextAreaElement).value).toBe('number 1\n');
  await page.getByLabelText('Caption of 2.png').fill('');
  await page.getByLabelText('Caption of 3.png').click();
  expect(onCaption).toHaveBeenLastCalledWith('img_2', null);
});

it('shows a stored caption that has changed, but not while somebody is typing', async () => {
  const onCaption = vi.fn();
  const rewritten = images.map((image) => ({ ...image, caption: `image ${image.id}` }));
  show(grid(onCaption));
  await page.getByLabelText('Caption of 0.png').fill('half a thou');
  update(grid(onCaption, rewritten));
  await expect.element(page.getByLabelText('Caption of 1.png')).toHaveValue('image img_1');
  await expect.element(page.getByLabelText('Caption of 0.png')).toHaveValue('half a thou');
  await userEvent.keyboard('{Escape}');
  await expect.element(page.getByLabelText('Caption of 0.png')).toHaveValue('image img_0');
  await page.getByLabelText('Caption of 1.png').click();
  expect(onCaption).not.toHaveBeenCalled();
});

it('has a few rows for a thousand images: those in the window', async () => {
  const frame = show(grid(() => undefined));
  await vi.waitFor(() => expect(frame.querySelectorAll('.tile').length).toBeGreaterThan(3));
  expect(frame.querySelectorAll('.tile').length).toBeLessThan(120);
  // the grid becomes longer when it has measured its width
  await vi.waitFor(
    () => {
      scrollTo(0, document.documentElement.scrollHeight);
      expect(frame.querySelector('[aria-label="Caption of 999.png"]')).not.toBeNull();
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(frame.querySelectorAll('.tile').length).toBeLessThan(120);
});

it('replaces words literally, adds text before and after captions, and counts tags', () => {
  const some = [
    { id: 'a', caption: 'A disc (red), disc' },
    { id: 'b', caption: null },
  ];
  expect(replaceIn(some, { find: 'DISC', replace: '$&', matchCase: false })).toEqual({ a: 'A $& (red), $&' });
  expect(replaceIn(some, { find: 'DISC', replace: 'x', matchCase: true })).toEqual({});
  expect(replaceIn(some, { find: '(red)', replace: '', matchCase: true })).toEqual({ a: 'A disc , disc' });
  expect(surround(some, 'ink', ', flat')).toEqual({ a: 'ink A disc (red), disc, flat', b: 'ink, flat' });
  expect(tagCounts([...some, { id: 'c', caption: 'disc' }])[0]).toEqual({ tag: 'disc', count: 2 });
});

it('warns of small, blurred and nearly equal images', () => {
  const gray = Float32Array.from({ length: 81 }, (_, at) => (at * 37) % 101);
  const almost = gray.map((value, at) => (at === 5 ? 0 : value));
  expect(distance(bitsOf(gray), bitsOf(almost))).toBeLessThan(6);
  expect(distance(bitsOf(gray), bitsOf(gray.map((value) => -value)))).toBeGreaterThan(30);
  const edge = Float32Array.from({ length: 1024 }, (_, at) => (at % 32 < 16 ? 0 : 255));
  const ramp = Float32Array.from({ length: 1024 }, (_, at) => 8 * (at % 32));
  expect([sharpnessOf(edge, 32) > 100, sharpnessOf(ramp, 32) < 1]).toEqual([true, true]);
  const of = (id: string, width = 64) => ({ id, file_name: `${id}.png`, width, height: 64 });
  const sharp = { bits: bitsOf(gray), sharpness: 500 };
  const prints = new Map([
    ['one', sharp],
    ['twin', { ...sharp, bits: bitsOf(almost) }],
    ['soft', { bits: 0n, sharpness: 2 }],
  ]);
  expect([...warningsOf([of('one'), of('twin'), of('soft'), of('small', 32)], prints, 64)]).toEqual([
    ['twin', 'nearly the same as one.png'],
    ['soft', 'looks blurred'],
    ['small', 'smaller than 64 pixels'],
  ]);
});
