// The work of a round, and checksums of its results.
import type { CheckpointBody, GenerationBody } from '@styleforge/contracts';
import type { Caller } from './caller.ts';

export interface WorkPlan {
  model: string;
  resolution: number;
  steps: number;
  checkpointEvery: number;
  styleRef: string;
  aux: string;
  webhookUrl: string;
}

export interface Outcome {
  jobId: string;
  generationId: string;
  /** SHA-256 by file and image: the same in every round. */
  hashes: Record<string, string>;
}

/** Sends every request twice with its key, which must create one job, whatever happens in between. */
export async function doWork(plan: WorkPlan, caller: Caller, name: string): Promise<Outcome> {
  const job = await sendTwice(caller, '/v1/training-jobs', `${name}-job`, {
    method: 'single-styleforge',
    base_model: plan.model,
    style_ref: { dataset_id: plan.styleRef },
    aux: { dataset_id: plan.aux },
    webhook_url: plan.webhookUrl,
    hyperparameters: {
      ...{
        resolution: plan.resolution,
        learning_rate: 1e-3,
        max_train_steps: plan.steps,
        checkpointing_steps: plan.checkpointEvery,
        // Keeps few checkpoints, because the jobs must not fill the small disk.
        checkpoints_total_limit: 5,
        seed: 5,
      },
    },
  });
  const generation = await sendTwice(caller, '/v1/images/generations', `${name}-generation`, {
    ...{ model: plan.model, prompts: ['a photo of a house', 'a photo of a tree'], steps: 4, guidance_scale: 2, seed: 7, num_images: 3 },
  });
  const [jobEnd, generationEnd] = await Promise.all([
    caller.untilEnded(`/v1/training-jobs/${job}`),
    caller.untilEnded(`/v1/images/generations/${generation}`),
  ]);
  for (const end of [jobEnd, generationEnd]) {
    if (end.status !== 'succeeded') throw new Error(`${end.id} ended as ${end.status}: ${JSON.stringify(end.error)}`);
  }
  return { jobId: job, generationId: generation, hashes: await hashesOf(caller, job, generation) };
}

async function sendTwice(caller: Caller, path: string, key: string, body: object): Promise<string> {
  const [first, second] = await Promise.all([0, 1].map(() => caller.call<{ id: string }>('POST', path, body, key)));
  if (!first || first.id !== second?.id) throw new Error(`one Idempotency-Key made ${first?.id} and ${second?.id}`);
  return first.id;
}

async function hashesOf(caller: Caller, jobId: string, generationId: string): Promise<Record<string, string>> {
  const { data } = await caller.call<{ data: CheckpointBody[] }>('GET', `/v1/training-jobs/${jobId}/checkpoints`);
  const { images } = await caller.call<GenerationBody>('GET', `/v1/images/generations/${generationId}`);
  const weights = (data.at(-1)?.files ?? []).filter(({ path }) => path.endsWith('.safetensors'));
  // A PNG contains the id of its generation, so the pixels are compared instead of the bytes.
  const pixels = await Promise.all(images.map(async ({ index, url }) => [`image ${index}`, await caller.pixelsOf(url)] as const));
  return Object.fromEntries([...weights.map(({ path, sha256 }) => [path, sha256] as const), ...pixels]);
}
