// Usage of a project in a month, and of single pieces of work.
import type { UsageBody, UsageReportBody } from '@styleforge/contracts';
import type { Database, UsageAmounts } from '@styleforge/database';

export const presentUsage = (used: UsageAmounts | undefined): UsageBody => ({
  device_seconds: Math.round((used?.deviceSeconds ?? 0) * 10) / 10,
  steps: used?.steps ?? 0,
  images: used?.images ?? 0,
});

export async function readUsage(database: Database, projectId: string, asked?: string): Promise<UsageReportBody> {
  const month = asked ?? new Date().toISOString().slice(0, 7);
  const [{ sums, days }, stored] = await Promise.all([
    database.usage.between(projectId, `${month}-01`, firstDayAfter(month)),
    database.usage.storage(projectId),
  ]);
  const total = { deviceSeconds: 0, steps: 0, images: 0 };
  for (const { deviceSeconds, steps, images } of sums) {
    total.deviceSeconds += deviceSeconds;
    total.steps += steps;
    total.images += images;
  }
  return {
    month,
    total: presentUsage(total),
    by_kind: sums.map((sum) => ({
      kind: sum.kind as UsageReportBody['by_kind'][number]['kind'],
      device: sum.device,
      ...presentUsage(sum),
    })),
    storage: {
      total_bytes: Object.values(stored).reduce((sum, bytes) => sum + bytes, 0),
      datasets_bytes: stored.datasets,
      checkpoints_bytes: stored.checkpoints,
      adapters_bytes: stored.adapters,
      images_bytes: stored.images,
      exports_bytes: stored.exports,
    },
    by_day: days.map((day) => ({ day: day.day, ...presentUsage(day) })),
  };
}

function firstDayAfter(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12
    ? `${String(year + 1).padStart(4, '0')}-01-01`
    : `${String(year).padStart(4, '0')}-${String(number + 1).padStart(2, '0')}-01`;
}
