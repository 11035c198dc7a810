// Chooses a dataset, shows its images, and creates a new one from dropped images.
import type { DatasetDetail } from '@styleforge/sdk';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import type { DroppedFile } from '../../data/dropped-files.ts';
import { useBaseModels, useDataset, useDatasets } from '../../data/queries.ts';
import { sampleDataset } from '../../data/samples.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { errorAt, getAt, METHODS_WITH_AUX } from '../../data/training-draft.ts';
import { useUpload } from '../../data/uploads.ts';
import { DropZone } from '../../ui/drop-zone.tsx';
import { type Option, SelectField, TextField } from '../../ui/fields.tsx';
import { Picture } from '../../ui/picture.tsx';
import { UploadList } from '../../ui/upload-list.tsx';
import { KINDS, type Kind } from '../datasets/new-dataset.tsx';
import type { FormPart } from './part.ts';

const PARTS = { style_ref: 'style_ref', aux: 'aux' } as const;
const TITLES = { style_ref: 'Style images', aux: 'Aux images' };
const SHOWN = 12;

export function DatasetPicker({ kind, draft, change, check }: FormPart & { kind: Kind }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const upload = useUpload();
  const models = useBaseModels();
  const datasets = useDatasets().data?.filter((one) => one.kind === kind) ?? [];
  const path = [PARTS[kind], 'dataset_id'];
  const id = String(getAt(draft, path) ?? '');
  const { data: chosen } = useDataset(id || undefined);
  const error = errorAt(check, path) ?? errorAt(check, [PARTS[kind]]);
  const choose = (next: string) => change(path, next);
  const guarded = (work: () => Promise<void>) =>
    void work().catch((failure: unknown) => notifyError('The dataset could not be created', failure));
  const uploadAll = async (files: DroppedFile[]) => {
    const dataset = await client.datasets.create({ name: files[0]?.path.split('/').at(-2) ?? TITLES[kind], kind });
    await upload.start(dataset.id, files);
    choose(dataset.id);
  };
  const useSample = () =>
    guarded(async () => {
      const resolution = models.data?.find(({ name }) => name === draft.base_model)?.resolution ?? 64;
      choose(await sampleDataset(client, kind, resolution));
      await queries.invalidateQueries({ queryKey: ['datasets'] });
    });
  return (
    <div className="card stack">
      <SelectField
        id={`set-${kind}`}
        label={<DatasetLabel kind={kind} isOptional={kind === 'aux' && !METHODS_WITH_AUX.includes(draft.method)} />}
        value={id}
        onValue={choose}
        options={[['', 'Choose a dataset'], ...datasets.map((one): Option => [one.id, `${one.name} (${one.image_count})`])]}
        help={KINDS[kind].about}
        error={error}
      />
      {chosen ? (
        <Shown dataset={chosen}>{kind === 'aux' && <AuxFields {...{ draft, change, check }} />}</Shown>
      ) : (
        <DropZone label="Or drop images here" onFiles={(files) => guarded(() => uploadAll(files))}>
          <button type="button" className="button quiet small" onClick={useSample}>
            Use sample images
          </button>
        </DropZone>
      )}
      <UploadList upload={upload} />
    </div>
  );
}

function AuxFields({ draft, change, check }: Pick<FormPart, 'draft' | 'change' | 'check'>): ReactElement {
  const [weight, prompt] = [getAt(draft, ['aux', 'weight']), getAt(draft, ['aux', 'prompt'])];
  return (
    <div className="form-grid narrow">
      <TextField
        {...{ id: 'aux-weight', label: 'Weight', type: 'number', min: 0, step: 'any', placeholder: '1' }}
        value={String(weight ?? '')}
        onValue={(text) => change(['aux', 'weight'], text === '' ? undefined : Number(text))}
        error={errorAt(check, ['aux', 'weight'])}
        help="Weight of the Aux loss; the weight of the style is 1."
      />
      <TextField
        {...{ id: 'aux-prompt', label: 'Prompt', placeholder: 'default' }}
        value={String(prompt ?? '')}
        onValue={(text) => change(['aux', 'prompt'], text || undefined)}
        error={errorAt(check, ['aux', 'prompt'])}
        help="All Aux images are trained with it."
      />
    </div>
  );
}

function DatasetLabel({ kind, isOptional }: { kind: Kind; isOptional: boolean }): ReactElement {
  return (
    <>
      <strong>{TITLES[kind]}</strong>
      {isOptional && <span className="soft"> (optional)</span>}
    </>
  );
}

function Shown({ dataset: { name, images }, children }: { dataset: DatasetDetail; children: ReactNode }): ReactElement {
  return (
    <>
      <div className="mosaic mosaic-6" aria-label={`Images of ${name}`} role="img">
        {images.slice(0, SHOWN).map((image) => (
          <Picture key={image.id} path={image.thumbnail_url} alt="" width={image.width} />
        ))}
      </div>
      {children}
    </>
  );
}
