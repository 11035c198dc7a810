// What a base model generates without any training: images of its last plain generation, or a button that starts one.
import type { BaseModel, GenerationSummary } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useGenerations } from '../../data/generations.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Picture } from '../../ui/picture.tsx';

const SUBJECTS = ['woman', 'house', 'bear', 'mushroom', 'bus', 'butterfly'];
const SHOWN = 6;
/** Generations that are looked through for one of the base model. */
const LOOKED_THROUGH = 100;

/** Whether the base model made the images alone: without adapters, an image to begin with, or a grid of settings. */
const isPlain = ({ status, config }: GenerationSummary, name: string): boolean =>
  !['failed', 'cancelled'].includes(status) && config.model === name && config.adapters.length === 0 && !config.image && !config.grid;

function useSamples(name: string) {
  const client = useClient();
  const queries = useQueryClient();
  const queryKey = ['base-samples', name];
  const { data: id, isPending } = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const { data } = await client.images.list({ limit: LOOKED_THROUGH }, { signal });
      return data.find((one) => isPlain(one, name))?.id ?? null;
    },
  });
  const start = useMutation({
    mutationFn: () => client.images.generate({ model: name, prompts: SUBJECTS, seed: 7 }),
    onSuccess: ({ id: made }) => queries.setQueryData(queryKey, made),
    onError: (error) => notifyError('The samples could not be generated', error),
  });
  const [result] = useGenerations(id ? [id] : []);
  return { isKnown: !isPending, generation: id ? result?.data : undefined, start };
}

export function BaseSamples({ model: { name, title, resolution } }: { model: BaseModel }): ReactElement | null {
  const { isKnown, generation, start } = useSamples(name);
  if (!isKnown) return null;
  if (!generation || generation.status === 'failed')
    return (
      <button type="button" className="button small" disabled={start.isPending} onClick={() => start.mutate()}>
        Show what it generates
      </button>
    );
  if (generation.images.length === 0)
    return (
      <p className="small soft" role="status">
        {title} generates samples
      </p>
    );
  return (
    <div className="mosaic mosaic-6" role="img" aria-label={`Images that ${title} has generated`}>
      {generation.images.slice(0, SHOWN).map(({ id, thumbnail_url: path }) => (
        <Picture key={id} path={path} alt="" width={resolution} />
      ))}
    </div>
  );
}
