// Presets for a training, which the service computes for a base model and a method.
import type { TrainingPreset } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import { useClient } from './session.ts';
import { type Draft, getAt } from './training-draft.ts';

export function usePresets(method: string, baseModel: string) {
  const client = useClient();
  return useQuery({
    queryKey: ['presets', method, baseModel],
    queryFn: ({ signal }) => client.trainingJobs.presets({ method: method as Draft['method'], base_model: baseModel }, { signal }),
    enabled: baseModel !== '',
    staleTime: 300_000,
  });
}

/** Applies a preset: replaces all settings except images, words and whether captions are used. */
export function withPreset(draft: Draft, { request }: Pick<TrainingPreset, 'request'>): Draft {
  const { validation: _v, evaluation: _e, adaptation: _a, early_stopping: _s, hyperparameters: _h, ...rest } = draft;
  const captions = getAt(draft, ['hyperparameters', 'use_captions']);
  return {
    ...rest,
    ...request,
    hyperparameters: { ...(captions !== undefined && { use_captions: captions }), ...request.hyperparameters },
  } as Draft;
}
