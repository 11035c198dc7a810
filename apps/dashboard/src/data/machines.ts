// What the installation has and does: workers, queues, usage. Refreshed every few seconds: workers tell of themselves, and no event does.
import type { QueueReport, SweepReport, UsageReport, Worker } from '@styleforge/sdk';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { takeAll } from './take-all.ts';
import { useClient } from './session.ts';

const EVERY_MS = 3_000;

export const thisMonth = (): string => new Date().toISOString().slice(0, 7);

export function useWorkers(): UseQueryResult<Worker[]> {
  const client = useClient();
  return useQuery({
    queryKey: ['workers'],
    queryFn: ({ signal }) => takeAll(client.workers.list({ limit: 100 }, { signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useQueueReport(): UseQueryResult<QueueReport> {
  const client = useClient();
  return useQuery({ queryKey: ['queue'], queryFn: ({ signal }) => client.system.queue({ signal }), refetchInterval: EVERY_MS });
}

export function useUsage(month: string): UseQueryResult<UsageReport> {
  const client = useClient();
  return useQuery({
    queryKey: ['usage', month],
    queryFn: ({ signal }) => client.system.usage({ month }, { signal }),
    placeholderData: keepPreviousData,
  });
}

export const SWEEP_DAYS = 30;

/** What the clean-up removes in the next days, and how long it keeps what. */
export function useSweep(): UseQueryResult<SweepReport> {
  const client = useClient();
  return useQuery({ queryKey: ['sweep'], queryFn: ({ signal }) => client.system.sweep({ days: SWEEP_DAYS }, { signal }) });
}
