// Invariants of a stack after the faults: nothing lost, nothing duplicated, store and database consistent.
import { setTimeout as sleep } from 'node:timers/promises';
import { createQueues, findStranded, queueConnectionOf } from '@styleforge/queue';
import type { ChaosStack } from './stack.ts';
import { sweepViolations } from './sweep.ts';
import type { Outcome } from './work.ts';
import type { WebhookReceiver } from './webhook-receiver.ts';

export interface Expected {
  reference: Record<string, string>;
  outcomes: Outcome[];
}

const settleMs = 180_000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** One sentence for each violation; empty if there is none. */
export async function violations(stack: ChaosStack, { reference, outcomes }: Expected, receiver: WebhookReceiver): Promise<string[]> {
  const wrong: string[] = [];
  for (const { jobId, hashes } of outcomes) {
    const different = Object.keys(reference).filter((name) => hashes[name] !== reference[name]);
    if (different.length > 0) wrong.push(`${jobId}: other bytes than an undisturbed run in ${different.join(', ')}`);
  }
  wrong.push(...(await doubled(stack, outcomes)), ...(await missingObjects(stack)));
  await waitFor(async () => (await undelivered(stack, outcomes, receiver)).length === 0);
  wrong.push(...(await undelivered(stack, outcomes, receiver)), ...(await stranded(stack)));
  wrong.push(...(await sweepViolations(stack)), ...(await missingObjects(stack)));
  return wrong;
}

async function doubled({ database }: ChaosStack, outcomes: Outcome[]): Promise<string[]> {
  const { trainingJobs: jobs, generations } = await database.measurements.totals();
  return jobs === outcomes.length && generations === outcomes.length
    ? []
    : [`${outcomes.length} keys made ${jobs} jobs and ${generations} generations`];
}

async function missingObjects({ database, objectStore }: ChaosStack): Promise<string[]> {
  const missing: string[] = [];
  for (const id of await database.installation.projectIds()) {
    const keys = (await database.retention.expectedRows(id)).flatMap((row) => row.keys);
    for (const key of keys) if ((await objectStore.head(key)) === null) missing.push(`a row without its object: ${key}`);
  }
  return missing;
}

async function undelivered({ database }: ChaosStack, outcomes: Outcome[], receiver: WebhookReceiver): Promise<string[]> {
  const { undeliveredWebhooks: pending } = await database.measurements.totals();
  const unheard = outcomes.filter(({ jobId }) => !receiver.heard(jobId)).map(({ jobId }) => `no webhook came for ${jobId}`);
  return [...unheard, ...(pending > 0 ? [`${pending} webhooks are not delivered`] : [])];
}

async function stranded({ database, queueSettings }: ChaosStack): Promise<string[]> {
  const queues = await createQueues(queueConnectionOf(queueSettings), quiet);
  try {
    return (await findStranded({ database, queues }, 0)).map(({ topic, id }) => `${topic} ${id} is stranded`);
  } finally {
    await queues.close();
  }
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + settleMs;
  while (!(await condition()) && Date.now() < end) await sleep(500);
}
