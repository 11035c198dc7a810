// All generated images of the project, newest first, by model.
import type { GeneratedImage, GenerationSummary } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useGeneration, useHistory } from '../../data/generations.ts';
import { modelOf, useModels } from '../../data/models.ts';
import { Lightbox } from '../../ui/lightbox.tsx';
import { Empty, Failure, Loading, PageHead } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';

export function Gallery(): ReactElement {
  const history = useHistory();
  const models = useModels();
  const [params, setParams] = useSearchParams();
  const model = params.get('model') ?? '';
  const list = history.data?.pages.flatMap((page) => page.data) ?? [];
  const names = [...new Set(list.map(({ config }) => config.model))];
  const shown = list.filter(({ config, status }) => status === 'succeeded' && (model === '' || config.model === model));
  return (
    <>
      <PageHead title="Gallery">
        <label className="check">
          <span className="visually-hidden">Model</span>
          <select
            className="select"
            value={model}
            onChange={(event) => setParams(event.target.value ? { model: event.target.value } : {}, { replace: true })}
          >
            <option value="">All models</option>
            {names.map((id) => (
              <option key={id} value={id}>
                {modelOf(models, id).label}
              </option>
            ))}
          </select>
        </label>
      </PageHead>
      {history.error && <Failure error={history.error} what="Images" />}
      {history.isPending && <Loading height={320} />}
      {history.data && shown.length === 0 && (
        <Empty title="No images yet" icon="gallery">
          <p>What you generate appears here.</p>
          <Link className="button primary" href="/play">
            Playground
          </Link>
        </Empty>
      )}
      <div className="tiles">
        {shown.map((generation) => (
          <Images key={generation.id} generation={generation} label={modelOf(models, generation.config.model).label} />
        ))}
      </div>
      <More isShown={history.hasNextPage} onReached={() => void history.fetchNextPage()} />
    </>
  );
}

function Images({ generation, label }: { generation: GenerationSummary; label: string }): ReactElement {
  const { data } = useGeneration(generation.id);
  const [open, setOpen] = useState<number | null>(null);
  const images = data?.images ?? [];
  const item = ({ url, prompt, seed }: GeneratedImage) => ({ path: url, title: prompt, detail: `${label}, seed ${seed}` });
  return (
    <>
      {images.map((image, index) => (
        <div key={image.id} className="tile">
          <button type="button" className="tile-button" onClick={() => setOpen(index)}>
            <Picture path={image.url} alt={image.prompt} width={image.width} />
          </button>
          <p className="tile-label small soft">{image.prompt}</p>
        </div>
      ))}
      {open !== null && <Lightbox items={images.map(item)} index={open} onIndex={setOpen} onClose={() => setOpen(null)} />}
    </>
  );
}

/** Asks for the next page when it comes near. */
function More({ isShown, onReached }: { isShown: boolean; onReached(): void }): ReactElement {
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(onReached);
  latest.current = onReached;
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && latest.current(), {
      rootMargin: '600px',
    });
    if (end.current && isShown) observer.observe(end.current);
    return () => observer.disconnect();
  }, [isShown]);
  return <div ref={end} />;
}
