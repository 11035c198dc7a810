// New training: images, preset, settings and summary on one page; the form and the YAML show the same request.
import type { BaseModel, TrainingJob, TrainingPreset } from '@styleforge/sdk';
import type { Dispatch, ReactElement, SetStateAction } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useAddress } from '../../data/address.ts';
import { useDefaults } from '../../data/defaults.ts';
import { keepDraft, keptDraft } from '../../data/kept-draft.ts';
import { withPreset } from '../../data/presets.ts';
import { readPreferences } from '../../data/preferences.ts';
import { useBaseModels, useJob } from '../../data/queries.ts';
import { type Draft, draftOf, emptyDraft, hasRounds, setAt, useCheck } from '../../data/training-draft.ts';
import { later } from '../../ui/later.tsx';
import { Empty, Failure, Loading, PageHead, Segmented } from '../../ui/parts.tsx';
import { BaseModelPicker } from './base-model-picker.tsx';
import { DatasetPicker } from './dataset-picker.tsx';
import { MethodFields } from './method-fields.tsx';
import type { FormPart } from './part.ts';
import { PresetPicker } from './preset-picker.tsx';
import { Prompts } from './prompts.tsx';
import { SettingsForm } from './settings-form.tsx';
import { Summary } from './summary.tsx';

const YamlView = later(async () => (await import('../written.ts')).YamlView);

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
  return from ? <FromJob id={from} models={models.data} /> : <NewForm models={models.data} params={params} />;
}

/** What was entered before, unless the address names the images to begin with. */
function NewForm({ models, params }: { models: BaseModel[]; params: URLSearchParams }): ReactElement {
  const [round, setRound] = useState(0);
  const isNamed = params.has('style') || params.has('aux');
  const kept = useMemo(() => (isNamed ? null : keptDraft(models.map(({ name }) => name))), [round]);
  const startOver = () => {
    keepDraft(null);
    setRound(round + 1);
  };
  return <Form key={round} models={models} initial={kept ?? initialDraft(models, params)} onStartOver={kept ? startOver : undefined} />;
}

function initialDraft(models: BaseModel[], params: URLSearchParams): Draft {
  const { baseModel } = readPreferences();
  const usual = models.find(({ name }) => name === baseModel) ?? models[0]!;
  const draft = setAt(emptyDraft(usual.name), ['style_ref', 'dataset_id'], params.get('style') ?? '');
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

interface FormProps {
  models: BaseModel[];
  initial: Draft;
  cloned?: TrainingJob;
  /** The form contains what was entered before, and this empties it. */
  onStartOver?: (() => void) | undefined;
}

/** Kept as soon as something is entered. */
function useDraft(initial: Draft): [draft: Draft, setDraft: Dispatch<SetStateAction<Draft>>] {
  const [draft, setDraft] = useState(initial);
  useEffect(() => {
    if (draft !== initial) keepDraft(draft);
  }, [draft]);
  return [draft, setDraft];
}

function Form({ models, initial, cloned, onStartOver }: FormProps): ReactElement {
  const [draft, setDraft] = useDraft(initial);
  const [params, set] = useAddress();
  const view = params.get('view') === 'yaml' ? 'yaml' : 'form';
  const { data: defaults } = useDefaults(draft.method, draft.base_model);
  const check = useCheck(draft);
  const change = (path: readonly string[], value: unknown) => setDraft((before) => setAt(before, path, value));
  const show = (next: 'form' | 'yaml') => set('view', next === 'yaml' ? next : null);
  const part = { draft, change, check: check.data, defaults: defaults ?? {} };
  return (
    <>
      <PageHead
        title="New training"
        crumb={<Link href="/jobs">Training</Link>}
        about={
          cloned
            ? 'The form contains all settings of the cloned job. Change any of them.'
            : onStartOver && 'The form contains what you entered before.'
        }
      >
        {onStartOver && (
          <button type="button" className="button quiet" onClick={onStartOver}>
            Start over
          </button>
        )}
        <Segmented label="View" value={view} choices={VIEWS} onChange={show} />
      </PageHead>
      <div className="train">
        <div className="stack-l">
          {view === 'yaml' ? (
            <YamlView draft={draft} onDraft={setDraft} check={check.data} />
          ) : (
            <Parts models={models} part={part} setDraft={setDraft} />
          )}
        </div>
        <Summary {...part} isChecking={check.isFetching} failure={check.error} />
      </div>
    </>
  );
}

type PartsProps = { models: BaseModel[]; part: FormPart; setDraft: Dispatch<SetStateAction<Draft>> };

function Parts({ models, part, setDraft }: PartsProps): ReactElement {
  const { draft } = part;
  const [preset, setPreset] = useState('');
  const choosePreset = (chosen: Pick<TrainingPreset, 'name' | 'request'>) => {
    setPreset(chosen.name);
    setDraft((before) => withPreset(before, chosen));
  };
  return (
    <>
      <section className="train-sets">
        <DatasetPicker kind="style_ref" {...part} />
        {!hasRounds(draft.method) && <DatasetPicker kind="aux" {...part} />}
      </section>
      <BaseModelPicker models={models} {...part} />
      <MethodFields {...part} />
      <PresetPicker draft={draft} chosen={preset} onChoose={choosePreset} />
      <Prompts {...part} />
      <SettingsForm {...part} />
    </>
  );
}
