// The chart of curves: what it draws, the crosshair that it shares, and its smoothing.
import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { LossChart, smooth, withoutOutliers } from '../src/screens/job/loss-chart.tsx';
import { show, update } from './render.tsx';

const steps = Array.from({ length: 5_000 }, (_, index) => index + 1);
const marks = { checkpoints: [2_500], samples: [1_000] };
const all = { zoom: null, onZoom: () => undefined };
const curves = [{ label: 'StyleRef', color: '--accent', values: steps.map((step) => 1 / step) }];

it('smooths without a bias towards zero at the beginning, and skips gaps', () => {
  expect(smooth([2, 2, 2], 0.9).map((value) => value?.toFixed(6))).toEqual(['2.000000', '2.000000', '2.000000']);
  expect(smooth([1, null, 3], 0.5)[1]).toBeNull();
  expect(smooth([0, 1], 0.5)[1]).toBeCloseTo(2 / 3);
});

it('leaves gaps where values are far from all others', () => {
  expect(withoutOutliers([1, 1.1, 900, 0.9, null, 1])).toEqual([1, 1.1, null, 0.9, null, 1]);
  expect(withoutOutliers([2, 2, 2])).toEqual([2, 2, 2]);
});

it('draws five thousand points on one canvas, and tells the step under the pointer', async () => {
  const onStep = vi.fn();
  const frame = show(<LossChart steps={steps} curves={curves} isLog={false} marks={marks} step={null} onStep={onStep} {...all} />);
  await expect.element(page.getByRole('img', { name: 'StyleRef over 5000 steps' })).toBeVisible();
  expect(frame.querySelectorAll('canvas')).toHaveLength(1);
  expect(frame.querySelectorAll('*').length).toBeLessThan(60);
  const over = frame.querySelector<HTMLElement>('.u-over')!;
  await userEvent.hover(over);
  await vi.waitFor(() => expect(onStep).toHaveBeenCalled());
  const step = onStep.mock.lastCall?.[0] as number;
  expect(Math.abs(step - 2_500)).toBeLessThan(60);
});

it('shows the crosshair at the step that another part of the screen selects, also after the pointer was here', async () => {
  const chart = (step: number | null) => (
    <LossChart steps={steps} curves={curves} isLog={true} marks={marks} step={step} onStep={() => undefined} {...all} />
  );
  const frame = show(chart(null));
  const over = frame.querySelector<HTMLElement>('.u-over')!;
  await userEvent.hover(over);
  await userEvent.unhover(over);
  update(chart(4_000));
  const left = () => Number(/translate\(([\d.]+)px/.exec(frame.querySelector<HTMLElement>('.u-cursor-x')!.style.transform)?.[1]);
  const width = () => frame.querySelector<HTMLElement>('.u-over')!.clientWidth;
  await vi.waitFor(() => expect(left() / width()).toBeCloseTo(0.8, 1));
});

it('marks each checkpoint with a line, and many of them only at the foot of the curve', async () => {
  /** Pixels of a row of the drawing, a fifth of its height below its top. */
  const rowWith = async (checkpoints: number[]) => {
    const shown = { checkpoints, samples: [] };
    const frame = show(
      <LossChart steps={steps} curves={curves} isLog={false} marks={shown} step={null} onStep={() => undefined} {...all} />,
    );
    const canvas = frame.querySelector('canvas')!;
    await new Promise((done) => setTimeout(done, 100));
    return canvas
      .getContext('2d')!
      .getImageData(0, Math.round(canvas.height / 5), canvas.width, 4)
      .data.join();
  };
  const without = await rowWith([]);
  expect(await rowWith([1_500, 4_000])).not.toBe(without);
  expect(await rowWith(steps.filter((step) => step % 10 === 0))).toBe(without);
});
