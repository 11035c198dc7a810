// The load: projects of very different sizes, and callers that create their jobs over HTTP.
import type { Database } from '@styleforge/database';
import { discPicture } from '@styleforge/testing';

export interface ProjectLoad {
  projectId: string;
  key: string;
  datasetId: string;
  jobs: number;
}

/** Numbers of jobs proportional to 1 / rank: the first project has about a third, the last ones only a few. */
export async function makeProjects(database: Database, url: string, projects: number, jobs: number): Promise<ProjectLoad[]> {
  const weights = Array.from({ length: projects }, (_, index) => 1 / (index + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const loads: ProjectLoad[] = [];
  for (const [index, weight] of weights.entries()) {
    const { projectId } = await database.apiKeys.createProject(`project ${index + 1}`);
    const { key } = await database.apiKeys.create(projectId, 'scale');
    loads.push({ projectId, key, datasetId: await makeDataset(url, key), jobs: Math.max(1, Math.round((jobs * weight) / total)) });
  }
  return loads;
}

async function makeDataset(url: string, key: string): Promise<string> {
  const authorization = `Bearer ${key}`;
  const created = await fetch(`${url}/v1/datasets`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'style', kind: 'style_ref' }),
  });
  const { id } = (await created.json()) as { id: string };
  const form = new FormData();
  for (const hue of [0, 120, 240]) {
    form.append('files', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
  }
  const uploaded = await fetch(`${url}/v1/datasets/${id}/images`, { method: 'POST', headers: { authorization }, body: form });
  if (!uploaded.ok) throw new Error(`uploading answered ${uploaded.status}: ${await uploaded.text()}`);
  return id;
}

/** Jobs of all projects in random order. */
export function jobOrder(loads: ProjectLoad[]): ProjectLoad[] {
  const order = loads.flatMap((load) => Array.from({ length: load.jobs }, () => load));
  let state = 1;
  for (let index = order.length - 1; index > 0; index--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = state % (index + 1);
    [order[index], order[other]] = [order[other] as ProjectLoad, order[index] as ProjectLoad];
  }
  return order;
}

export interface Submission {
  accepted: number;
  refused: Record<number, number>;
  /** Text of the first refusal. */
  firstRefusal?: string;
  seconds: number;
  latenciesMs: number[];
}

export async function submitJobs(urls: string[], order: ProjectLoad[], callers: number, deadline: number): Promise<Submission> {
  const start = performance.now();
  const submission: Submission = { accepted: 0, refused: {}, seconds: 0, latenciesMs: [] };
  let next = 0;
  const call = async () => {
    while (next < order.length && Date.now() < deadline) {
      const index = next++;
      const { key, datasetId } = order[index] as ProjectLoad;
      const sent = performance.now();
      const answer = await fetch(`${urls[index % urls.length]}/v1/training-jobs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ method: 'dreambooth', base_model: 'styleforge-mini', style_ref: { dataset_id: datasetId } }),
      });
      const body = await answer.text();
      submission.latenciesMs.push(performance.now() - sent);
      if (answer.status === 202) submission.accepted += 1;
      else {
        submission.firstRefusal ??= body;
        submission.refused[answer.status] = (submission.refused[answer.status] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  submission.seconds = (performance.now() - start) / 1_000;
  return submission;
}
