// Logic of the page that needs a browser around it: archives, the command palette's order, comparisons of jobs.
import { expect, it } from 'vitest';
import { rank } from '../src/data/commands.ts';
import { alignCurves, differencesOf } from '../src/data/comparison.ts';
import { heatMapOf, measuresOf, settingsOf } from '../src/data/heat-map.ts';
import { jobCall, trainingCall } from '../src/data/calls.ts';
import { programOf, programsFor } from '../src/data/programs.ts';
import { styled, stylePromptsOf } from '../src/data/style-prompts.ts';
import { crc32, zipOf } from '../src/data/zip.ts';
import { axisOf, imageCount } from '../src/screens/play/grid-fields.tsx';

it('writes archives with correct checksums, sizes and offsets, and no name twice', async () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  const words = (text: string) => new Blob([text]);
  const archive = await zipOf([
    { name: 'a.txt', content: words('one') },
    { name: 'a.txt', content: words('three') },
  ]);
  const view = new DataView(await archive.arrayBuffer());
  const end = view.byteLength - 22;
  expect([view.getUint32(end, true), view.getUint16(end + 10, true)]).toEqual([0x06054b50, 2]);
  const directory = view.getUint32(end + 16, true);
  const second = directory + 46 + 5;
  const local = view.getUint32(second + 42, true);
  expect([view.getUint32(local, true), view.getUint32(local + 18, true)]).toEqual([0x04034b50, 5]);
  const text = new TextDecoder().decode(new Uint8Array(view.buffer, local + 30));
  expect(text.slice(0, 12)).toBe('a 2.txtthree');
});

it('ranks beginnings of words before letters in the middle', () => {
  const names = ['Remodelled', 'Models', 'My model', 'Home'];
  const found = rank(
    names.map((name) => ({ name, kind: 'Job', href: '/' })),
    'mod',
  );
  expect(found.map(({ name }) => name)).toEqual(['Models', 'My model', 'Remodelled']);
});

it('aligns the curves of jobs on common steps, and names the settings in which they differ', () => {
  const bucket = (step: number, mean: number) => ({ last_step: step, loss: { mean } });
  const curves = [{ buckets: [bucket(1, 3), bucket(2, 2)] }, { buckets: [bucket(2, 5)] }] as unknown as Parameters<typeof alignCurves>[0];
  expect(alignCurves(curves, 'loss')).toEqual({
    steps: [1, 2],
    values: [
      [3, 2],
      [null, 5],
    ],
  });
  const job = (config: object) => ({ config }) as unknown as Parameters<typeof differencesOf>[0][number];
  expect(differencesOf([job({ a: { b: 1, c: 2 } }), job({ a: { b: 1, c: 3 }, d: null })])).toEqual([
    { setting: 'a.c', values: ['2', '3'] },
    { setting: 'd', values: ['–', 'null'] },
  ]);
});

it('shows a study of two settings as a map, with the best result of other settings in each cell', () => {
  const row = (rate: number, steps: number, seed: number, loss: number | null, clip?: number) =>
    ({
      changes: { hyperparameters: { learning_rate: rate, max_train_steps: steps, seed } },
      ...{ style_ref_loss: loss, aux_loss: null },
      evaluation: clip === undefined ? null : { metrics: [{ name: 'clip', value: clip, better: 'higher' }] },
    }) as unknown as Parameters<typeof measuresOf>[0][number];
  const rows = [row(1, 10, 1, 0.4), row(1, 10, 2, 0.3, 50), row(1, 20, 1, 0.2, 40), row(2, 10, 1, 0.9), row(2, 20, 1, null)];
  const measures = measuresOf(rows);
  expect(measures.map(({ name }) => name)).toEqual(['clip', 'StyleRef loss']);
  const [first, second] = settingsOf(rows).map(({ setting }) => setting);
  const loss = heatMapOf(rows, [first!, second!], measures[1]!)!;
  expect([loss.x.values, loss.y.values]).toEqual([
    ['1', '2'],
    ['10', '20'],
  ]);
  expect(loss.cells.map((cells) => cells.map((cell) => cell && [cell.value, Number(cell.goodness.toFixed(2))]))).toEqual([
    [
      [0.3, 0.86],
      [0.9, 0],
    ],
    [[0.2, 1], null],
  ]);
  expect(heatMapOf(rows, [first!, second!], measures[0]!)!.cells[0]![0]).toMatchObject({ value: 50, goodness: 1 });
  expect(heatMapOf(rows.slice(0, 2), [first!, second!], measures[1]!)).toBeNull();
});

it('writes requests as programs with correct quoting', () => {
  const request = { metadata: { name: "it's true" }, aux: null, flag: true };
  const call = trainingCall(request);
  expect(programOf('curl', [call], 'http://host')).toContain(String.raw`it'\''s true`);
  expect(programOf('python', [call], 'http://host')).toContain('"aux": None');
  expect(programOf('python', [call], 'http://host')).toContain(`"name": "it's true"`);
  expect(programOf('typescript', [call], 'http://host')).toContain('client.trainingJobs.create');
  expect(programOf('cli', [call], 'http://host')).toContain('styleforge train --file job.yaml');
  const pause = jobCall('job_1', 'pause', 'pause');
  expect(programOf('curl', [pause], 'http://host')).toBe(
    'curl -sS --fail-with-body -X POST http://host/v1/training-jobs/job_1/pause \\\n  -H "Authorization: Bearer $STYLEFORGE_API_KEY"\n',
  );
  expect(programOf('typescript', [pause], 'http://host')).toContain('client.trainingJobs.pause("job_1")');
  expect(programsFor([call]).map(({ value }) => value)).toContain('cli');
  expect(programsFor([call, pause]).map(({ value }) => value)).not.toContain('cli');
});

it('reads (none) as no negative prompt among negative prompts, and as a number elsewhere', () => {
  expect(axisOf({ parameter: 'negative_prompt', text: '(none)\nblurry, dark\n' }).values).toEqual([null, 'blurry, dark']);
  expect(axisOf({ parameter: 'prompt', text: '(none)\n7' }).values).toEqual(['(none)', '7']);
  expect(axisOf({ parameter: 'steps', text: '5, 10' }).values).toEqual([5, 10]);
});

it('counts the images in all cells of a grid, whose cells have one prompt each if prompts vary', () => {
  const count = (grid: object | null) =>
    imageCount({ prompts: ['a', 'b'], num_images: 3, grid } as unknown as Parameters<typeof imageCount>[0]);
  const steps = { parameter: 'steps', values: [5, 10] };
  expect(count(null)).toBe(6);
  expect(count({ x: steps, y: null })).toBe(12);
  expect(count({ x: steps, y: { parameter: 'prompt', values: ['c', 'd', 'e'] } })).toBe(18);
});

it('puts the style of all components or of one around a prompt, and leaves prompts with placeholders alone', () => {
  const multi = stylePromptsOf({
    prompt_templates: [
      { component: null, template: 'a photo of zwx style, ukj style, {prompt}' },
      { component: 'person', template: 'a photo of zwx style, {prompt}' },
      { component: 'background', template: 'a photo of ukj style, {prompt}' },
    ],
  });
  const of = (name: string, prompt = 'a house') => styled(multi, name, prompt);
  expect(of('')).toBe('a photo of zwx style, ukj style, a house');
  expect(of('background')).toBe('a photo of ukj style, a house');
  expect(of('a component of another model')).toBe(of(''));
  expect(of('', '[person] style, $& at night')).toBe('[person] style, $& at night');
  expect(of('person', '$& at night')).toBe('a photo of zwx style, $& at night');
  expect(styled([], '', 'a house')).toBe('a house');
});
