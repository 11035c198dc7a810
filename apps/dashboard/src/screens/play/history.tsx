// Earlier generations, whose parameters can be used again.
import type { GenerationSummary } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { plural } from '../../data/format.ts';
import { notify } from '../../data/toasts.ts';
import { useHistory } from '../../data/generations.ts';
import { type Model, labelOf } from '../../data/models.ts';
import { Ago } from '../../ui/ago.tsx';
import { Failure, Pill } from '../../ui/parts.tsx';
import { gridRowOf, imageCount } from './grid-fields.tsx';
import { type PlaySettings, START } from './play-form.tsx';
import { storedImage } from './starting-image.tsx';

type Props = { models: Model[]; onReuse(model: string, settings: Partial<PlaySettings>): void; onShow(id: string): void };

const settingsOf = ({ config }: GenerationSummary): Partial<PlaySettings> => ({
  prompts: config.prompts.join('\n'),
  negative: config.negative_prompt ?? '',
  hasStyle: false,
  seed: config.seed,
  steps: config.steps,
  guidance: config.guidance_scale,
  sampler: config.sampler,
  count: config.num_images,
  width: config.width,
  height: config.height,
  image: config.image?.id ? storedImage(config.image.id) : null,
  strength: config.strength ?? START.strength,
  adapters: config.adapters.map(({ model, strength }) => ({ model, strength })),
  grid: config.grid ? [config.grid.x, ...(config.grid.y ? [config.grid.y] : [])].map(gridRowOf) : [],
});

function NoHistory(): ReactElement {
  return (
    <section className="stack">
      <h2>History</h2>
      <p className="soft">Everything that you generate is listed here with its settings, to be shown or changed again.</p>
    </section>
  );
}

export function History({ models, onReuse, onShow }: Props): ReactElement | null {
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useHistory();
  const list = data?.pages.flatMap((page) => page.data) ?? [];
  const reuse = (generation: GenerationSummary) => {
    onReuse(generation.config.model, settingsOf(generation));
    if (generation.config.image?.id === null) notify({ title: 'Choose the image to start from again: uploads are not kept' });
  };
  if (error) return <Failure error={error} what="The history" />;
  if (list.length === 0) return data ? <NoHistory /> : null;
  return (
    <section className="stack">
      <h2>History</h2>
      <ul className="card-flush history">
        {list.map((generation) => (
          <li key={generation.id} className="row-apart">
            <div className="history-text">
              <span className="clip">{generation.config.prompts.join(' · ')}</span>
              <span className="small soft num">
                {labelOf(models, generation.config)} · {plural(imageCount(generation.config), 'image')} ·{' '}
                <Ago time={generation.created_at} />
              </span>
            </div>
            <div className="row">
              {generation.status !== 'succeeded' && <Pill status={generation.status} />}
              <button type="button" className="button quiet small" onClick={() => reuse(generation)}>
                Reuse
              </button>
              <button type="button" className="button small" onClick={() => onShow(generation.id)}>
                Show
              </button>
            </div>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <button type="button" className="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Older
        </button>
      )}
    </section>
  );
}
