// Editing and deleting, thumbnails of every kind of image, lists across generations, and downsampled curves.
import { newId } from '@styleforge/database';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { finishGeneration, jobRequest, seedProject } from '../seeded-project.ts';
import type { SeededIds } from '../seeded-project.ts';

let api: ApiFixture;
let ids: SeededIds;
beforeAll(async () => {
  api = await startApiFixture();
  ids = await seedProject(api);
});
afterAll(() => api.close());

const objects = async (part: string): Promise<string[]> => {
  const keys = [];
  for await (const { key } of api.objectStore.list(`projects/${api.projectId}/`)) if (key.includes(part)) keys.push(key);
  return keys;
};
type Images = { data: { id: string; thumbnail_url: string; starred: boolean; generation_id: string; step: number; index: number }[] };

describe('thumbnails', () => {
  it('exist for uploaded, generated, validation and evaluation images, in the requested width', async () => {
    const lists = ['/v1/images', `/v1/training-jobs/${ids['training-jobs']}/images`, `/v1/evaluations/${ids['evaluations']}/images`];
    // The path of earlier releases still works.
    const urls = [`/v1/images/${ids['images']}/thumbnail`, `/v1/thumbnails/${ids['images']}`];
    for (const list of lists) urls.push((await api.call<Images>('GET', list)).body.data[0]?.thumbnail_url ?? 'none');
    for (const url of urls) {
      const { status, headers, bytes } = await api.call('GET', `${url}?width=200`);
      expect([url, status, headers['content-type']]).toEqual([url, 200, 'image/webp']);
      const { width, format } = await sharp(bytes).metadata();
      expect([format, (width ?? 999) <= 256]).toEqual(['webp', true]);
      expect((await api.call('GET', `${url}?width=200`, { headers: { 'if-none-match': String(headers['etag']) } })).status).toBe(304);
    }
    expect((await api.call('GET', `${urls[0]}?width=0`)).body).toMatchObject({ status: 422, errors: [{ pointer: '/width' }] });
  });

  it('are as small as requested', async () => {
    const image = (await api.call<Images>('GET', '/v1/images')).body.data[0];
    const png = await sharp({ create: { width: 600, height: 300, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const row = await api.database.generations.findImage(api.projectId, image?.id ?? '');
    await api.objectStore.put(row?.objectKey ?? '', png);
    for (const [asked, made] of [
      [100, 128],
      [300, 512],
      [700, 600],
    ]) {
      const { bytes } = await api.call('GET', `${image?.thumbnail_url}?width=${asked}`);
      expect((await sharp(bytes).metadata()).width).toBe(made);
    }
  });
});

describe('GET /v1/images', () => {
  it('lists images of all generations, by model and by star', async () => {
    const { id = '' } = (await api.call<Images>('GET', '/v1/images')).body.data[0] ?? {};
    const idsOf = async (query: string) => (await api.call<Images>('GET', `/v1/images?${query}`)).body.data.map((image) => image.id);
    expect(await idsOf('starred=true')).toEqual([]);
    expect((await api.call('PATCH', `/v1/images/${id}`, { body: { starred: true } })).body).toMatchObject({ id, starred: true });
    expect(await idsOf('starred=true')).toEqual([id]);
    expect(await idsOf('starred=false')).not.toContain(id);
    expect(await idsOf('model=tiny')).toContain(id);
    expect(await idsOf('model=other')).toEqual([]);
    expect(await idsOf(`training_job=${ids['training-jobs']}`)).toEqual([]);
  });

  it('lists validation images of all jobs, and evaluation images, page by page', async () => {
    const job = ids['training-jobs'];
    const list = async (query: string) => (await api.call<Images & { next: string | null }>('GET', `/v1/images?${query}`)).body;
    const places = ({ data }: Images) => data.map(({ step, index }) => [step, index]);
    const first = await list('kind=validation&limit=1');
    const source = { kind: 'validation', training_job_id: job, base_model: 'tiny', url: `/v1/training-jobs/${job}/images/1/1` };
    expect(first.data).toEqual([expect.objectContaining(source)]);
    expect(places(await list(`kind=validation&limit=1&after=${first.next}`))).toEqual([[1, 0]]);
    for (const [filter, found] of [
      [`training_job=${job}`, 2],
      [`model=${job}`, 2],
      ['model=tiny', 2],
      [`model=${ids['checkpoints']}`, 0],
      [`model=${newId('trainingJob')}`, 0],
    ] as const)
      expect([filter, (await list(`kind=validation&${filter}`)).data.length]).toEqual([filter, found]);
    const evaluated = await list('kind=evaluation&limit=3');
    expect(evaluated.data[2]).toMatchObject({
      kind: 'evaluation',
      evaluation_id: ids['evaluations'],
      model: 0,
      index: 1,
      base_model: 'tiny',
    });
    expect((await list(`kind=evaluation&after=${evaluated.next}`)).data).toHaveLength(1);
    expect((await list('kind=evaluation&model=tiny')).data).toHaveLength(2);
    expect((await list(`kind=evaluation&training_job=${job}`)).data).toEqual([]);
  });

  it('stars validation images of a job, and lists those with a star', async () => {
    const path = `/v1/training-jobs/${ids['training-jobs']}/images/1`;
    const starred = async (text: string) =>
      (await api.call<Images>('GET', `/v1/images?kind=validation&starred=${text}`)).body.data.map(({ step, index }) => [step, index]);
    expect(await starred('true')).toEqual([]);
    const changed = await api.call('PATCH', `${path}/0`, { body: { starred: true } });
    expect([changed.status, changed.body]).toEqual([200, expect.objectContaining({ step: 1, index: 0, starred: true })]);
    expect(await starred('true')).toEqual([[1, 0]]);
    expect(await starred('false')).toEqual([[1, 1]]);
    await api.call('PATCH', `${path}/0`, { body: { starred: false } });
    expect(await starred('true')).toEqual([]);
    expect((await api.call('PATCH', `${path}/7`, { body: { starred: true } })).status).toBe(404);
    expect((await api.call('PATCH', `${path}/0`, { body: {} })).body).toMatchObject({ status: 422, errors: [{ pointer: '/starred' }] });
  });

  it('finds the images of a named model, of each kind', async () => {
    const { id } = (await api.call('POST', '/v1/images/generations', { body: { model: 'seeded@2', prompts: ['a cat'] } })).body as {
      id: string;
    };
    await finishGeneration(api, id);
    const found = (await api.call<Images>('GET', '/v1/images?model=seeded@1')).body.data;
    expect(found).toMatchObject([{ generation_id: id, training_job_id: ids['training-jobs'] }]);
    expect((await api.call<Images>('GET', '/v1/images?model=seeded@live')).body.data).toHaveLength(1);
    expect((await api.call('DELETE', `/v1/images/generations/${id}`)).status).toBe(204);
  });

  it('refuses a star or a cursor of another kind', async () => {
    const refused = async (query: string) => (await api.call('GET', `/v1/images?${query}`)).body;
    expect(await refused('kind=evaluation&starred=true')).toMatchObject({ status: 422, errors: [{ pointer: '/starred' }] });
    expect(await refused(`kind=validation&after=${ids['images']}`)).toMatchObject({ status: 422, errors: [{ pointer: '/after' }] });
    expect(await refused('after=nonsense')).toMatchObject({ status: 422, errors: [{ pointer: '/after' }] });
    expect(await refused('kind=uploads')).toMatchObject({ status: 422, errors: [{ pointer: '/kind' }] });
  });
});

describe('loss curves', () => {
  it('are returned in buckets with minimum, mean and maximum, for several jobs at once', async () => {
    const job = ids['training-jobs'] ?? '';
    const other = (await api.call<{ id: string }>('POST', '/v1/training-jobs', { body: jobRequest(ids['datasets'] ?? '') })).body.id;
    const point = (step: number) => ({ step, loss: step, style_ref_loss: 1, aux_loss: null, grad_norm: 1, learning_rate: 1e-5 });
    await api.database.metrics.record(
      other,
      Array.from({ length: 1000 }, (_, index) => point(index + 1)),
    );
    const curves = await api.call<{ data: { training_job_id: string; buckets: Record<string, unknown>[] }[] }>(
      'GET',
      `/v1/metrics?jobs=${other},${job}&points=10`,
    );
    const [long, short] = curves.body.data;
    expect([long?.training_job_id, short?.training_job_id]).toEqual([other, job]);
    expect(long?.buckets).toHaveLength(10);
    expect(long?.buckets[0]).toMatchObject({
      first_step: 1,
      last_step: 100,
      count: 100,
      loss: { min: 1, mean: 50.5, max: 100 },
      aux_loss: null,
    });
    expect(long?.buckets[9]).toMatchObject({ first_step: 901, last_step: 1000, loss: { max: 1000 } });
    expect(short?.buckets.map((bucket) => bucket['first_step'])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await api.call('GET', `/v1/metrics?jobs=${newId('trainingJob')}`)).status).toBe(404);
    expect((await api.call('GET', '/v1/metrics?jobs=nonsense')).status).toBe(422);
  });

  it('of validation images can be limited to one prompt or one step', async () => {
    const list = async (query: string) =>
      (await api.call<Images>('GET', `/v1/training-jobs/${ids['training-jobs']}/images?${query}`)).body.data.map(({ step, index }) => [
        step,
        index,
      ]);
    expect(await list('index=1')).toEqual([[1, 1]]);
    expect(await list('step=1')).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(await list('step=2')).toEqual([]);
  });
});

describe('editing an image', () => {
  it('changes the given fields only', async () => {
    const job = `/v1/training-jobs/${ids['training-jobs']}`;
    await api.call('PATCH', job, { body: { name: 'ink', notes: 'good', starred: true, metadata: { a: 'b' } } });
    expect((await api.call('PATCH', job, { body: { notes: 'better' } })).body).toMatchObject({
      name: 'ink',
      notes: 'better',
      starred: true,
      metadata: { a: 'b' },
    });
    expect((await api.call('PATCH', job, { body: { name: null } })).body).toMatchObject({ name: null, notes: 'better' });
    expect((await api.call('PATCH', job, { body: {} })).status).toBe(422);
    expect((await api.call('PATCH', `/v1/datasets/${ids['datasets']}`, { body: { name: 'renamed' } })).body).toMatchObject({
      name: 'renamed',
    });
    expect((await api.call<{ data: object[] }>('GET', '/v1/datasets?name=RENAM&kind=style_ref')).body.data).toHaveLength(1);
    expect((await api.call<{ data: object[] }>('GET', '/v1/datasets?name=renam&kind=aux')).body.data).toEqual([]);
  });

  it('excludes an image from training, and two remaining images are too few', async () => {
    const image = `/v1/images/${ids['images']}`;
    expect((await api.call('PATCH', image, { body: { caption: 'x', component: 'person', excluded: true } })).body).toMatchObject({
      caption: 'x',
      component: 'person',
      excluded: true,
    });
    const refused = await api.call('POST', '/v1/training-jobs', { body: jobRequest(ids['datasets'] ?? '') });
    expect([refused.status, refused.body['code']]).toEqual([422, 'unusable_dataset']);
    await api.call('PATCH', image, { body: { caption: null, component: null, excluded: false } });
    expect((await api.call('POST', '/v1/training-jobs', { body: jobRequest(ids['datasets'] ?? '') })).status).toBe(202);
    expect((await api.call('PATCH', image, { body: { starred: true } })).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/starred' }],
    });
  });

  it('sets all captions of a request, or none', async () => {
    const dataset = `/v1/datasets/${ids['datasets']}`;
    const read = async () => (await api.call<{ images: { id: string; caption: string | null }[] }>('GET', dataset)).body.images;
    const [first, second] = await read();
    const captions = [first, second].map((image, index) => ({ image_id: image?.id, caption: `caption ${index}` }));
    const unknown = await api.call('PUT', `${dataset}/captions`, {
      body: { captions: [...captions, { image_id: newId('image'), caption: 'x' }] },
    });
    expect(unknown.body).toMatchObject({ status: 422, errors: [{ pointer: '/captions/2/image_id' }] });
    expect((await read()).map(({ caption }) => caption)).toEqual([null, null, null]);
    expect((await api.call('PUT', `${dataset}/captions`, { body: { captions } })).status).toBe(204);
    expect((await read()).map(({ caption }) => caption)).toEqual(['caption 0', 'caption 1', null]);
  });
});

describe('deleting', () => {
  const remove = async (url: string) => {
    const { status, body } = await api.call<{ code?: string; detail?: string }>('DELETE', url);
    return [status, body.code, body.detail];
  };

  it('is refused for unfinished work, and names who uses it', async () => {
    const queued = (await api.call<{ id: string }>('POST', '/v1/training-jobs', { body: jobRequest(ids['datasets'] ?? '') })).body.id;
    expect(await remove(`/v1/training-jobs/${queued}`)).toEqual([409, 'status_conflict', expect.stringContaining('is queued')]);
    expect(await remove(`/v1/images/${ids['images']}`)).toEqual([409, 'in_use', expect.stringMatching(/job_/)]);
    const body = { model: ids['checkpoints'], prompts: ['x'] };
    const generation = (await api.call<{ id: string }>('POST', '/v1/images/generations', { body })).body.id;
    expect(await remove(`/v1/images/generations/${generation}`)).toEqual([409, 'status_conflict', expect.anything()]);
    for (const url of [`/v1/checkpoints/${ids['checkpoints']}`, `/v1/training-jobs/${ids['training-jobs']}`])
      expect(await remove(url)).toEqual([409, 'in_use', expect.stringContaining(generation)]);
    await api.call('POST', `/v1/images/generations/${generation}/cancel`);
  });

  it('removes the rows and the objects, including thumbnails', async () => {
    const image = (await api.call<Images>('GET', '/v1/images')).body.data[0];
    await api.call('GET', image?.thumbnail_url ?? '');
    // Named versions and unfinished exports keep a checkpoint.
    await api.database.exports.claim(ids['exports'] ?? '');
    await api.database.exports.fail(ids['exports'] ?? '', 1, { code: 'internal_error', message: 'stopped by the test', retryable: false });
    expect(await remove(`/v1/models/${ids['models']}`)).toEqual([204, undefined, undefined]);
    const kinds: [string, string][] = [
      [`/v1/images/${image?.id}`, `generations/${ids['generations']}/`],
      [`/v1/checkpoints/${ids['checkpoints']}`, `training-jobs/${ids['training-jobs']}/checkpoints/`],
      [`/v1/training-jobs/${ids['training-jobs']}`, `training-jobs/${ids['training-jobs']}/`],
      [`/v1/evaluations/${ids['evaluations']}`, `evaluations/${ids['evaluations']}/`],
      [`/v1/images/generations/${ids['generations']}`, `generations/${ids['generations']}/`],
    ];
    for (const [url, prefix] of kinds) {
      if (!url.includes('generations/')) expect([url, (await objects(prefix)).length > 0]).toEqual([url, true]);
      expect([url, ...(await remove(url))]).toEqual([url, 204, undefined, undefined]);
      expect([url, await objects(prefix)]).toEqual([url, []]);
      expect([url, (await api.call('GET', url)).status]).toEqual([url, 404]);
    }
    for (const url of [`/v1/studies/${ids['studies']}`, `/v1/prompt-sets/${ids['prompt-sets']}`]) {
      expect([url, ...(await remove(url))]).toEqual([url, 204, undefined, undefined]);
      expect([url, (await api.call('GET', url)).status]).toEqual([url, 404]);
    }
  });
});
