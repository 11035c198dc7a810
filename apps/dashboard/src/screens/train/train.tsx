// New training: images, preset, settings and summary on one page; the form and the YAML show the same request.
import type { BaseModel, TrainingJob, TrainingPreset } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useDefaults } from '../../data/defaults.ts';
import { usePresets, withPreset } from '../../data/presets.ts';
import { useBaseModels, useJob } from '../../data/queries.ts';
import { type Draft, draftOf, emptyDraft, setAt, useCheck } from '../../data/training-draft.ts';
import { Empty, Failure, Loading, PageHead, Segmented } from '../../ui/parts.tsx';
import { BaseModelPicker } from './base-model-picker.tsx';
import { DatasetPicker } from './dataset-picker.tsx';
import { Prompts } from './prompts.tsx';
import { SettingsForm } from './settings-form.tsx';
import { Summary } from './summary.tsx';
import { YamlView } from './yaml-view.tsx';

export function Train(): ReactElement {
  const [params] = useSearchParams();
  const from = params.get('from');
  const models = useBaseModels();
  if (models.error) return <Failure error={models.error} what="Base models" />;
  if (!models.data) return <Loading height={400} />;
  if (models.data.length === 0) {
    return (
      <Empty title="No base model is installed" icon="models">
        <p>
          <code>npm run base-models</code> adds one.
        </p>
      </Empty>
    );
  }
  return from ? <FromJob id={from} models={models.data} /> : <Form models={models.data} initial={initialDraft(models.data, params)} />;
}

function initialDraft(models: BaseModel[], params: URLSearchParams): Draft {
  const draft = setAt(emptyDraft(models[0]!.name), ['style_ref', 'dataset_id'], params.get('style') ?? '');
  return setAt(draft, ['aux', 'dataset_id'], params.get('aux') ?? '');
}

function FromJob({ id, models }: { id: string; models: BaseModel[] }): ReactElement {
  const job = useJob(id);
  const defaults = useDefaults(job.data?.method ?? 'single-styleforge', job.data?.base_model);
  const error = job.error ?? defaults.error;
  if (error) return <Failure error={error} what="The job to clone" />;
  if (!job.data || !defaults.data) return <Loading height={400} />;
  return <Form models={models} initial={draftOf(job.data, defaults.data)} cloned={job.data} />;
}

const VIEWS = [
  { value: 'form', label: 'Form' },
  { value: 'yaml', label: 'YAML' },
] as const;

function Form({ models, initial, cloned }: { models: BaseModel[]; initial: Draft; cloned?: TrainingJob }): ReactElement {
  const [draft, setDraft] = useState(initial);
  const [preset, setPreset] = useState('');
  const [params, setParams] = useSearchParams();
  const view = params.get('view') === 'yaml' ? 'yaml' : 'form';
  const { data: defaults } = useDefaults(draft.method, draft.base_model);
  const check = useCheck(draft);
  const change = (path: readonly string[], value: unknown) => setDraft((before) => setAt(before, path, value));
  const show = (next: 'form' | 'yaml') =>
    setParams(
      (before) => {
        if (next === 'yaml') before.set('view', next);
        else before.delete('view');
        return before;
      },
      { replace: true },
    );
  const part = { draft, change, check: check.data, defaults: defaults ?? {} };
  const choosePreset = (chosen: TrainingPreset) => {
    setPreset(chosen.name);
    setDraft((before) => withPreset(before, chosen));
  };
  return (
    <>
      <PageHead
        title="New training"
        crumb={<Link href="/jobs">Training</Link>}
        about={cloned && 'Every setting of the job that you clone is filled in. Change what you like.'}
      >
        <Segmented label="View" value={view} choices={VIEWS} onChange={show} />
      </PageHead>
      <div className="train">
        <div className="stack-l">
          {view === 'yaml' ? (
            <YamlView draft={draft} onDraft={setDraft} check={check.data} />
          ) : (
            <>
              <section className="train-sets">
                <DatasetPicker kind="style_ref" {...part} />
                <DatasetPicker kind="aux" {...part} />
              </section>
              <BaseModelPicker models={models} {...part} />
              <PresetPicker draft={draft} chosen={preset} onChoose={choosePreset} />
              <Prompts {...part} />
              <SettingsForm {...part} />
            </>
          )}
        </div>
        <Summary {...part} isChecking={check.isFetching} failure={check.error} />
      </div>
    </>
  );
}

type PresetProps = { draft: Draft; chosen: string; onChoose(preset: TrainingPreset): void };

function PresetPicker({ draft, chosen, onChoose }: PresetProps): ReactElement {
  const { data, error } = usePresets(draft.method, draft.base_model);
  if (error) return <Failure error={error} what="Presets" />;
  return (
    <fieldset className="stack">
      <legend>
        <h2>Preset</h2>
      </legend>
      <div className="presets">
        {data?.map((preset) => (
          <label key={preset.name} className="card kind-card" data-chosen={preset.name === chosen}>
            <span className="row">
              <input type="radio" name="preset" checked={preset.name === chosen} onChange={() => onChoose(preset)} />
              <strong>{preset.title}</strong>
            </span>
            <span className="small soft">{preset.description}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
