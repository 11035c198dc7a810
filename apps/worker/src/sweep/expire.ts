// Removes data whose retention time has ended: first the row, then its objects, which are orphans if the removal is interrupted.
import type { SweepServices } from './sweep-services.ts';
import { discard } from './trash.ts';

const DAY_MS = 86_400_000;

interface Doomed {
  objects: string;
  remove(): Promise<unknown>;
}

export async function expire(services: SweepServices): Promise<Record<string, number>> {
  const {
    database: { retention, idempotencyKeys },
    sweep,
  } = services;
  const checkpoints = async (before: Date) =>
    (await retention.expiredCheckpoints(before)).map(({ id, objects }) => ({ objects, remove: () => retention.deleteCheckpoint(id) }));
  return {
    checkpoints: await expireKind(sweep.checkpointDays, checkpoints, services),
    validationImages: await expireKind(sweep.validationImageDays, (before) => retention.expiredValidationImages(before), services),
    generatedImages: await expireKind(sweep.generatedImageDays, (before) => retention.expiredGeneratedImages(before), services),
    exports: await expireKind(sweep.exportDays, (before) => retention.expiredExports(before), services),
    webhookDeliveries: await expireDeliveries(services),
    idempotencyKeys: sweep.dryRun ? 0 : await idempotencyKeys.deleteExpired(),
  };
}

async function expireKind(days: number, find: (before: Date) => Promise<Doomed[]>, services: SweepServices): Promise<number> {
  const { sweep } = services;
  if (days === 0) return 0;
  const before = new Date(Date.now() - days * DAY_MS);
  let count = 0;
  for (;;) {
    const doomed = await find(before);
    count += doomed.length;
    if (sweep.dryRun || doomed.length === 0) return count;
    for (const { objects, remove } of doomed) {
      await remove();
      await discard(objects, services);
    }
  }
}

async function expireDeliveries({ database: { retention }, sweep }: SweepServices): Promise<number> {
  if (sweep.webhookDeliveryDays === 0) return 0;
  const before = new Date(Date.now() - sweep.webhookDeliveryDays * DAY_MS);
  return sweep.dryRun ? retention.countExpiredDeliveries(before) : retention.deleteExpiredDeliveries(before);
}
