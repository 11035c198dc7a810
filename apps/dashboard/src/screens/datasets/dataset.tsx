// One dataset: drop images on it, look at them in a grid, see whether there are enough.
import type { DatasetDetail } from '@styleforge/sdk';
import type { CSSProperties, ReactElement } from 'react';
import { useState } from 'react';
import { Link, useLocation, useParams, useSearchParams } from 'wouter';
import { bytes, plural } from '../../data/format.ts';
import { useDataset } from '../../data/queries.ts';
import { useClient } from '../../data/session.ts';
import { useDelete } from '../../data/undo.ts';
import { useUpload } from '../../data/uploads.ts';
import { DropZone } from '../../ui/drop-zone.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Lightbox } from '../../ui/lightbox.tsx';
import { Failure, Loading, PageHead } from '../../ui/parts.tsx';
import { UploadList } from '../../ui/upload-list.tsx';
import { DatasetGrid } from './dataset-grid.tsx';
import { KINDS } from './new-dataset.tsx';

export function DatasetScreen(): ReactElement {
  const { id = '' } = useParams();
  const { data: dataset, error } = useDataset(id);
  if (error && !dataset) return <Failure error={error} what="The dataset" />;
  if (!dataset) return <Loading height={320} />;
  return <Detail dataset={dataset} />;
}

function Detail({ dataset }: { dataset: DatasetDetail }): ReactElement {
  const client = useClient();
  const [, navigate] = useLocation();
  const remove = useDelete();
  const upload = useUpload();
  const [params, setParams] = useSearchParams();
  const [tile, setTile] = useState(150);
  const shown = dataset.images.findIndex(({ id }) => id === params.get('image'));
  const show = (index: number | null) => setParams(index === null ? {} : { image: dataset.images[index]!.id }, { replace: true });
  const destroy = () => {
    remove({ id: dataset.id, label: `Dataset ${dataset.name}`, invalidates: 'datasets', run: () => client.datasets.delete(dataset.id) });
    navigate('/datasets');
  };
  return (
    <>
      <PageHead title={dataset.name} crumb={<Link href="/datasets">Datasets</Link>}>
        <Link className="button" href={`/train?${dataset.kind === 'aux' ? 'aux' : 'style'}=${dataset.id}`}>
          Train with it
        </Link>
        <button type="button" className="button danger icon" aria-label="Delete dataset" onClick={destroy}>
          <Icon name="trash" />
        </button>
      </PageHead>
      <div className="stack">
        <Meter dataset={dataset} />
        <DropZone
          label="Drop images, folders or zip archives here, or paste an image"
          onFiles={(files) => void upload.start(dataset.id, files)}
        >
          <p className="small soft">PNG, JPEG, WebP. Captions from .txt files of the same name or metadata.jsonl.</p>
        </DropZone>
        <UploadList upload={upload} />
        {dataset.images.length > 0 && (
          <div className="row-apart">
            <span className="small soft num">
              {plural(dataset.images.length, 'image')}, {bytes(dataset.size_bytes)}
            </span>
            <label className="check small">
              Size
              <input type="range" min={80} max={320} value={tile} onChange={(event) => setTile(Number(event.target.value))} />
            </label>
          </div>
        )}
        <div style={{ '--tile': `${tile}px` } as CSSProperties}>
          <DatasetGrid dataset={dataset} tile={tile} onOpen={show} />
        </div>
      </div>
      {shown >= 0 && (
        <Lightbox
          items={dataset.images.map(({ url, file_name: name, width, height, caption }) => ({
            path: url,
            title: name,
            detail: `${width} × ${height}${caption ? ` · ${caption}` : ''}`,
          }))}
          index={shown}
          onIndex={show}
          onClose={() => show(null)}
        />
      )}
    </>
  );
}

function Meter({ dataset: { kind, image_count: count, components, images } }: { dataset: DatasetDetail }): ReactElement {
  const {
    about,
    count: [low, high],
  } = KINDS[kind];
  const state = count < low ? 'warn' : 'good';
  const captions = images.filter(({ caption }) => caption !== null).length;
  return (
    <div className="row-apart">
      <p className="soft small measure">{about}</p>
      <div className="row">
        <span className={`pill ${state}`}>
          {count} of {low}–{high} recommended
        </span>
        {captions > 0 && <span className="pill">{captions} captions</span>}
        {components
          .filter(({ name }) => name !== null)
          .map(({ name, image_count: of }) => (
            <span key={name} className="pill">
              {name} {of}
            </span>
          ))}
      </div>
    </div>
  );
}
