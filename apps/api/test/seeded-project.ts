// A project that has one of everything, so that tests can walk through every route of the OpenAPI document.
import { createHash } from 'node:crypto';
import type { EvaluationBody, GenerationBody, StudyBody, TrainingJobBody } from '@styleforge/contracts';
import { newId, type WorkerFacts } from '@styleforge/database';
import {
  checkpointPrefix,
  evaluationImageKey,
  evaluationReportKey,
  generationImageKey,
  uploadedAdapterKey,
  validationImageKey,
} from '@styleforge/storage';
import { sampleModel, sampleReport } from '../../../test/integration/sample-report.ts';
import { createDataset, picture } from './api-fixture.ts';
import type { ApiFixture } from './api-fixture.ts';

export type Operation = {
  operationId?: string;
  security?: { apiKey: string[] }[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
};
export type OpenApi = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, object> } };
export type Route = { method: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH'; path: string; operation: Operation };

export async function routesOf(api: Pick<ApiFixture, 'app'>): Promise<Route[]> {
  const { paths } = (await api.app.inject('/openapi.json')).json<OpenApi>();
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase() as Route['method'], path, operation })),
    );
}

/** Map from the collection in a path to the id of its one member. */
export type SeededIds = Record<string, string>;

export async function seedProject(api: ApiFixture): Promise<SeededIds> {
  const dataset = await createDataset(api, 'style_ref', [{ seeds: [1, 2, 3] }]);
  const images = await api.call<{ images: { id: string }[] }>('GET', `/v1/datasets/${dataset}`);
  const evaluation = await finishedEvaluation(api, dataset);
  const job = await finishedJob(api, dataset, evaluation);
  const generation = (await api.call<GenerationBody>('POST', '/v1/images/generations', { body: { model: 'tiny', prompts: ['a cat'] } }))
    .body.id;
  await finishGeneration(api, generation);
  const variations = [5, 6].map((max_train_steps) => ({
    name: `${max_train_steps} steps`,
    changes: { hyperparameters: { max_train_steps } },
  }));
  const study = await api.call<StudyBody>('POST', '/v1/studies', { body: { name: 'two', job: jobRequest(dataset), variations } });
  const promptSet = await api.call<{ id: string }>('POST', '/v1/prompt-sets', { body: { name: 'seeded', prompts: ['a cat'] } });
  const webhook = await api.call<{ id: string }>('POST', '/v1/webhooks', {
    body: { url: 'https://example.com/hook', events: ['training_job.succeeded'] },
  });
  const model = await api.call<{ name: string }>('POST', '/v1/models', { body: { name: 'seeded', from: job.id } });
  await api.call('POST', '/v1/models/seeded/versions', { body: { from: job.id } });
  await uploadedVersion(api, 'seeded');
  await api.call('PUT', '/v1/models/seeded/aliases/live', { body: { version: 1 } });
  const exported = await api.database.exports.request({
    projectId: api.projectId,
    checkpointId: job.checkpointId,
    format: 'diffusers-zip',
    rank: 0,
  });
  const delivery = await api.call<{ id: string }>('POST', `/v1/webhooks/${webhook.body.id}/test`);
  const key = await api.database.apiKeys.create(api.projectId, 'seeded');
  const share = await api.call<{ id: string }>('POST', `/v1/reports/${evaluation}/share`, { body: {} });
  return {
    datasets: dataset,
    images: images.body.images[0]?.id ?? '',
    thumbnails: images.body.images[0]?.id ?? '',
    'training-jobs': job.id,
    checkpoints: job.checkpointId,
    generations: generation,
    evaluations: evaluation,
    reports: evaluation,
    share: share.body.id,
    'base-models': 'tiny',
    studies: study.body.id,
    'prompt-sets': promptSet.body.id,
    webhooks: webhook.body.id,
    deliveries: delivery.body.id,
    'api-keys': key.keyId,
    models: model.body.name,
    exports: exported.id,
    workers: await api.database.workers.register(workerFacts()),
  };
}

export const workerFacts = (facts: Partial<WorkerFacts> = {}): WorkerFacts => ({
  ...{ host: 'box', pid: 7, version: '0.1.0', nodeVersion: '22.0.0', platform: 'linux-x64', device: 'cpu', deviceName: 'a processor' },
  ...{ deviceMemoryBytes: 8e9, queues: { train: 1, generate: 2 } },
  ...facts,
});

/** Version 3 of the model: a file, as if it had been uploaded. */
async function uploadedVersion({ database, objectStore, projectId }: ApiFixture, name: string): Promise<void> {
  const [model, made] = await Promise.all([database.models.find(projectId, name), database.models.findVersion(projectId, name, 1)]);
  if (model === null || made === null) throw new Error(`there is no version 1 of ${name}`);
  const versionId = newId('modelVersion');
  const objectKey = uploadedAdapterKey(projectId, model.id, versionId, 'adapter.safetensors');
  const { size: sizeBytes, sha256 } = await objectStore.put(objectKey, Buffer.from('weights'));
  const upload = { versionId, objectKey, sha256, sizeBytes };
  await database.models.addVersion(projectId, name, { upload, notes: '', provenance: { ...made.provenance, training_job: null } });
}

/** The path of a route with the seeded ids in it. */
export function pathWith(ids: SeededIds, path: string): string {
  const filled = path.replaceAll(/\/([a-z-]+)\/\{(?:id|checkpoint_id|delivery_id|share_id|name)\}/g, (_all, collection: string) => {
    const id = ids[collection];
    if (id === undefined) throw new Error(`seedProject() makes none of ${collection}: add one, so that its routes are tested`);
    return `/${collection}/${id}`;
  });
  return filled
    .replace('{version}/file', '3/file')
    .replace('{version}', '1')
    .replace('{alias}', 'live')
    .replace('{step}/{index}', '1/0')
    .replace('{model}/{index}', '1/0')
    .replace('{path}', 'unet/config.json')
    .replace(/\/download$/, '/download?format=single-file');
}

export const jobRequest = (dataset: string) => ({
  method: 'single-styleforge',
  base_model: 'tiny',
  style_ref: { dataset_id: dataset },
  hyperparameters: { max_train_steps: 9 },
});

async function finishedJob(api: ApiFixture, dataset: string, evaluationId: string): Promise<{ id: string; checkpointId: string }> {
  const { trainingJobs, metrics, checkpoints, validationImages } = api.database;
  const { id } = (
    await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body: { ...jobRequest(dataset), evaluation: { prompts: PROMPTS } } })
  ).body;
  await trainingJobs.claim(id);
  const point = { loss: 0.5, style_ref_loss: 0.5, aux_loss: null, grad_norm: 1, learning_rate: 1e-5 };
  await metrics.record(
    id,
    Array.from({ length: 9 }, (_, index) => ({ step: index + 1, ...point })),
  );
  const objectPrefix = checkpointPrefix(api.projectId, id, 9, 1);
  const file = await api.objectStore.put(`${objectPrefix}unet/config.json`, Buffer.from('{"sample_size":16}'));
  const checkpoint = await checkpoints.record({
    projectId: api.projectId,
    jobId: id,
    step: 9,
    objectPrefix,
    files: [
      { path: 'unet/config.json', ...file },
      {
        path: 'single-file/model.safetensors',
        ...(await api.objectStore.put(`${objectPrefix}single-file/model.safetensors`, Buffer.from('weights'))),
      },
    ],
  });
  for (const index of [0, 1]) {
    const objectKey = validationImageKey(api.projectId, id, 1, index);
    const { size: sizeBytes, sha256 } = await api.objectStore.put(objectKey, await picture(50 + index));
    await validationImages.record({
      jobId: id,
      step: 1,
      index,
      prompt: 'a cat',
      seed: index,
      width: 24,
      height: 24,
      sizeBytes,
      sha256,
      objectKey,
    });
  }
  await trainingJobs.start(id, 1);
  await trainingJobs.setStatus(id, {
    from: 'running',
    to: 'succeeded',
    attempt: 1,
    result: { final_step: 9, checkpoint_id: checkpoint.id, evaluation_id: evaluationId },
  });
  return { id, checkpointId: checkpoint.id };
}

const PROMPTS = ['a cat', 'a house'];

async function finishedEvaluation(api: ApiFixture, dataset: string): Promise<string> {
  const { evaluations } = api.database;
  const { id } = (
    await api.call<EvaluationBody>('POST', '/v1/evaluations', { body: { model: 'tiny', reference_dataset_id: dataset, prompts: PROMPTS } })
  ).body;
  await evaluations.claim(id);
  for (const [index, prompt] of PROMPTS.entries()) {
    for (const model of [0, 1]) {
      const objectKey = evaluationImageKey(api.projectId, id, model, index);
      const { size: sizeBytes, sha256 } = await api.objectStore.put(objectKey, await picture(70 + index));
      await evaluations.recordImage({
        evaluationId: id,
        model,
        index,
        prompt,
        seed: index,
        width: 24,
        height: 24,
        sizeBytes,
        sha256,
        objectKey,
      });
    }
  }
  const report = sampleReport([sampleModel('tiny', { kid: 0.1, clip: 20, trained: false })], { id, samples: [] });
  await api.objectStore.put(evaluationReportKey(api.projectId, id), Buffer.from(JSON.stringify(report)));
  await evaluations.setStatus(id, { from: 'running', to: 'succeeded', attempt: 1 });
  return id;
}

export async function finishGeneration(api: ApiFixture, generationId: string): Promise<void> {
  const { generations } = api.database;
  await generations.claim(generationId);
  const objectKey = generationImageKey(api.projectId, generationId, 0);
  const png = await picture(60);
  await api.objectStore.put(objectKey, png);
  const sha256 = createHash('sha256').update(png).digest('hex');
  await generations.recordImage(1, {
    id: newId('image'),
    generationId,
    projectId: api.projectId,
    index: 0,
    prompt: 'a cat',
    seed: 1,
    width: 24,
    height: 24,
    sizeBytes: png.length,
    sha256,
    objectKey,
  });
  await generations.setStatus(generationId, { from: 'running', to: 'succeeded', attempt: 1 });
}
