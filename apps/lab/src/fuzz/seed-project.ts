// Creates one object of each kind in a new project over HTTP, so that the fuzzer's requests can refer to them.
import { setTimeout as sleep } from 'node:timers/promises';
import { discPicture } from '@styleforge/testing';

/** Values that the hooks insert into valid cases. */
export interface Seeded {
  /** Values by the name of a field or of a query parameter. */
  fields: Record<string, string>;
  /** Path parameters by path. */
  paths: Record<string, Record<string, string | number>>;
}

type Body = Record<string, unknown> & { id: string; status: string };
const patienceMs = 600_000;

export class Project {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async call<Result = Body>(method: string, path: string, body?: object | FormData): Promise<Result> {
    const isForm = body instanceof FormData;
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, ...(body && !isForm && { 'content-type': 'application/json' }) },
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} ended with ${response.status}: ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as Result;
  }

  async untilEnded(path: string): Promise<Body> {
    for (const end = Date.now() + patienceMs; ; await sleep(500)) {
      const body = await this.call('GET', path);
      if (body.status === 'succeeded') return body;
      if (['failed', 'cancelled'].includes(body.status) || Date.now() > end)
        throw new Error(`${path} ended as ${body.status}: ${JSON.stringify(body['error'])}`);
    }
  }

  async dataset(kind: 'style_ref' | 'aux', hues: number[]): Promise<string> {
    const { id } = await this.call('POST', '/v1/datasets', { name: kind, kind });
    const form = new FormData();
    for (const hue of hues) form.append('images', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
    await this.call('POST', `/v1/datasets/${id}/images`, form);
    return id;
  }

  /** Drains the workers, so that work requested by the fuzzer stays queued. */
  async drainWorkers(): Promise<string> {
    const { data } = await this.call<{ data: Body[] }>('GET', '/v1/workers');
    for (const { id } of data) await this.call('POST', `/v1/workers/${id}/drain`);
    return data[0]?.id ?? '';
  }
}

export async function seedProject(project: Project, model: string, resolution: number): Promise<Seeded> {
  const [styleRef, aux] = [await project.dataset('style_ref', [0, 40, 80]), await project.dataset('aux', [120, 160, 200])];
  const request = {
    ...{ method: 'single-styleforge', base_model: model, style_ref: { dataset_id: styleRef }, aux: { dataset_id: aux } },
    hyperparameters: { resolution, max_train_steps: 2, checkpointing_steps: 1 },
    validation: { prompts: ['a photo of [V] style'], every_steps: 1, steps: 2 },
  };
  const job = (await project.call('POST', '/v1/training-jobs', request)).id;
  const checkpoint = ((await project.untilEnded(`/v1/training-jobs/${job}`))['result'] as { checkpoint_id: string }).checkpoint_id;
  const asked = { model: job, prompts: ['a photo of zwx style, house', 'a photo of zwx style, cat'], steps: 1 };
  const generation = (await project.call('POST', '/v1/images/generations', asked)).id;
  const [image] = (await project.untilEnded(`/v1/images/generations/${generation}`))['images'] as { id: string }[];
  const { id: evaluation } = await project.call('POST', '/v1/evaluations', {
    ...{ model: job, reference_dataset_id: aux, prompts: asked.prompts, num_images: 4, steps: 1 },
    ...{ extractor: 'mini-clip', clip_extractor: 'mini-clip' },
  });
  await project.untilEnded(`/v1/evaluations/${evaluation}`);
  const made = await makeTheRest(project, { request, job, checkpoint, evaluation });
  const ids = { ...made, styleRef, job, checkpoint, generation, evaluation, image: image?.id ?? '' };
  return { fields: fieldsOf(ids, model), paths: pathsOf(ids, model) };
}

type Made = { request: object } & Record<'job' | 'checkpoint' | 'evaluation', string>;

async function makeTheRest(project: Project, { request, job, checkpoint, evaluation }: Made) {
  const grid = [{ pointer: '/hyperparameters/seed', values: [1, 2] }];
  const { id: study } = await project.call('POST', '/v1/studies', { name: 'two seeds', job: request, grid });
  const { id: promptSet } = await project.call('POST', '/v1/prompt-sets', { name: 'houses', prompts: ['a house', 'a cat'] });
  const hook = { url: 'https://example.com/hook', events: ['training_job.succeeded'] };
  const { id: webhook } = await project.call('POST', '/v1/webhooks', hook);
  const delivery = (await project.call('POST', `/v1/webhooks/${webhook}/test`)).id;
  const { id: spareKey } = await project.call('POST', '/v1/api-keys', { name: 'to be revoked' });
  await project.call('POST', '/v1/models', { name: 'my-style', from: job });
  await project.call('PUT', '/v1/models/my-style/aliases/best', { version: 1 });
  const { id: share } = await project.call('POST', `/v1/reports/${evaluation}/share`, {});
  const { id: exported } = await project.call('POST', `/v1/checkpoints/${checkpoint}/extract-lora`, { rank: 1 });
  const worker = await project.drainWorkers();
  return { study, promptSet, webhook, delivery, spareKey, exported, share, worker };
}

type Ids = Awaited<ReturnType<typeof makeTheRest>> &
  Record<'styleRef' | 'job' | 'checkpoint' | 'generation' | 'evaluation' | 'image', string>;

const fieldsOf = ({ styleRef, job, checkpoint, image }: Ids, model: string): Seeded['fields'] => ({
  ...{ base_model: model, model: job, from: job, training_job: job, jobs: job, parent_job_id: job },
  ...{ dataset_id: styleRef, reference_dataset_id: styleRef, checkpoint_id: checkpoint, image_id: image, cover_image_id: image },
});

const all = (parameters: Record<string, string | number>, ...paths: string[]) => paths.map((path) => [path, parameters] as const);
const below = (path: string, id: string, ...ends: string[]) => all({ id }, ...['', ...ends].map((end) => path + end));

function jobPaths({ job, checkpoint }: Ids) {
  const reads = ['/events', '/metrics', '/images', '/checkpoints', '/report', '/feedback'];
  const steers = ['/cancel', '/pause', '/resume', '/checkpoint', '/sample'];
  const validation = { id: job, step: 1, index: 0 };
  const file = { id: job, checkpoint_id: checkpoint, path: 'unet/config.json' };
  return [
    ...below('/v1/training-jobs/{id}', job, ...reads, ...steers),
    ...all(validation, '/v1/training-jobs/{id}/images/{step}/{index}', '/v1/training-jobs/{id}/images/{step}/{index}/thumbnail'),
    ...all(file, '/v1/training-jobs/{id}/checkpoints/{checkpoint_id}/files/{path}'),
  ];
}

function pathsOf(ids: Ids, model: string): Seeded['paths'] {
  const { checkpoint, evaluation, webhook, image, worker } = ids;
  const evaluated = { id: evaluation, model: 'model', index: 0 };
  const version = { name: 'my-style', version: 1 };
  return Object.fromEntries([
    ...jobPaths(ids),
    ...below('/v1/datasets/{id}', ids.styleRef, '/images', '/captions', '/import'),
    ...below('/v1/base-models/{id}', model),
    ...below('/v1/checkpoints/{id}', checkpoint, '/download', '/extract-lora'),
    ...below('/v1/exports/{id}', ids.exported),
    ...below('/v1/evaluations/{id}', evaluation, '/images', '/report', '/cancel', '/votes'),
    ...below('/v1/reports/{id}', evaluation, '/share'),
    ...all({ id: evaluation, share_id: ids.share }, '/v1/reports/{id}/share/{share_id}'),
    ...all(evaluated, '/v1/evaluations/{id}/images/{model}/{index}', '/v1/evaluations/{id}/images/{model}/{index}/thumbnail'),
    ...below('/v1/images/generations/{id}', ids.generation, '/events', '/cancel'),
    ...below('/v1/images/{id}', image),
    ...below('/v1/thumbnails/{id}', image),
    ...below('/v1/studies/{id}', ids.study, '/cancel'),
    ...below('/v1/prompt-sets/{id}', ids.promptSet),
    ...below('/v1/webhooks/{id}', webhook, '/deliveries', '/test', '/rotate-secret'),
    ...all({ id: webhook, delivery_id: ids.delivery }, '/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver'),
    // The key that the fuzzer uses must not be revoked.
    ...below('/v1/api-keys/{id}', ids.spareKey, '/revoke'),
    ...all({ name: 'my-style' }, '/v1/models/{name}', '/v1/models/{name}/cover', '/v1/models/{name}/versions'),
    ...all(version, '/v1/models/{name}/versions/{version}'),
    ...all({ name: 'my-style', alias: 'best' }, '/v1/models/{name}/aliases/{alias}'),
    ...below('/v1/workers/{id}', worker, '/drain'),
  ]);
}
