// Models: results of jobs and base models, with style words, names and downloads.
import type { Model as NamedModel } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { bytes } from '../../data/format.ts';
import { METHODS } from '../../data/jobs.ts';
import { type Model, useModels } from '../../data/models.ts';
import { useJobs } from '../../data/job-list.ts';
import { useNamedModels } from '../../data/registry.ts';
import { useHidden } from '../../data/undo.ts';
import { Ago } from '../../ui/ago.tsx';
import { SampleMosaic, useNewestSamples } from '../../ui/job-card.tsx';
import { CopyButton, Empty, Failure, Loading, PageHead } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';
import { NameModel } from './name-model.tsx';
import { UploadAdapter } from './upload-adapter.tsx';
import type { TrainingJob } from '@styleforge/sdk';

export function Models(): ReactElement {
  const models = useModels();
  return (
    <>
      <PageHead
        title="Models"
        about="Give a trained model a name, and use it by that name. Its style prompt is put in front of your prompts."
      />
      <div className="stack-l">
        <NamedModels />
        <TrainedModels models={models.filter(({ kind }) => kind === 'job')} />
        <section className="stack">
          <h2>Base models</h2>
          <div className="cards">
            {models
              .filter(({ kind }) => kind === 'base')
              .map((model) => (
                <BaseModelCard key={model.id} model={model} />
              ))}
          </div>
        </section>
      </div>
    </>
  );
}

function NamedModels(): ReactElement {
  const named = useNamedModels();
  const hidden = useHidden();
  const shown = named.data?.filter(({ name }) => !hidden.has(`model ${name}`)) ?? [];
  return (
    <section className="stack">
      <h2>Named</h2>
      {named.error && <Failure error={named.error} what="Models" />}
      {named.data && shown.length === 0 && <p className="soft">No model has a name yet. Press “Name” below to name the result of a job.</p>}
      <div className="cards">
        {shown.map((model) => (
          <NamedModelCard key={model.id} model={model} />
        ))}
      </div>
      <UploadAdapter />
    </section>
  );
}

function TrainedModels({ models }: { models: Model[] }): ReactElement {
  const { isPending } = useJobs();
  return (
    <section className="stack">
      <h2>Trained</h2>
      {isPending && <Loading />}
      {!isPending && models.length === 0 && (
        <Empty title="No model yet" icon="models">
          <p>When a job succeeds, its model appears here.</p>
          <Link className="button primary" href="/train">
            New training
          </Link>
        </Empty>
      )}
      <div className="cards">{models.map((model) => model.job && <TrainedModel key={model.id} model={model} job={model.job} />)}</div>
    </section>
  );
}

function NamedModelCard({ model }: { model: NamedModel }): ReactElement {
  const { name, latest, prompt_template: template, cover_url: cover } = model;
  return (
    <article className="card model-card">
      {cover && <Picture path={cover} alt={`Cover of ${name}`} width={latest?.provenance.resolution ?? 512} />}
      <h3>
        <Link className="row-link" href={`/models/${name}`}>
          {name}
        </Link>{' '}
        {latest && <span className="pill">version {latest.version}</span>}
      </h3>
      {model.description && <p className="small">{model.description}</p>}
      {template && (
        <p className="row">
          <code className="wrap">{template}</code>
          <CopyButton text={template} label="Copy prompt" />
        </p>
      )}
      <div className="row">
        <Link className="button primary small" href={`/play?model=${name}`}>
          Use
        </Link>
        <Link className="button small" href={`/models/${name}`}>
          Versions and downloads
        </Link>
      </div>
    </article>
  );
}

function TrainedModel({ model, job }: { model: Model; job: TrainingJob }): ReactElement {
  const { data: samples = [] } = useNewestSamples(job);
  const [isNaming, setNaming] = useState(false);
  const prompt = model.styles[0]?.template.replace(', {prompt}', '') ?? '';
  return (
    <article className="card model-card">
      {samples.length > 0 && <SampleMosaic samples={samples} isSquare />}
      <h3>{model.label}</h3>
      <p className="small soft">
        {METHODS[job.method] ?? job.method} on {model.base}, {job.result?.final_step ?? job.progress.step} steps,{' '}
        {job.finished_at && <Ago time={job.finished_at} />}
      </p>
      <p className="row">
        <code>{prompt}</code>
        <CopyButton text={prompt} label="Copy prompt" />
      </p>
      <div className="row">
        <Link className="button primary small" href={`/play?model=${job.id}`}>
          Use
        </Link>
        <button type="button" className="button small" onClick={() => setNaming(true)}>
          Name
        </button>
        <Link className="button small" href={`/jobs/${job.id}/checkpoints`}>
          Download
        </Link>
        <Link className="button quiet small" href={`/jobs/${job.id}`}>
          Job
        </Link>
      </div>
      {isNaming && <NameModel from={job.id} onClose={() => setNaming(false)} />}
    </article>
  );
}

function BaseModelCard({ model: { id, label, baseModel } }: { model: Model }): ReactElement {
  return (
    <article className="card model-card">
      <h3>{label}</h3>
      <p className="small soft">{baseModel?.description}</p>
      {baseModel && (
        <p className="small soft num">
          {baseModel.resolution} × {baseModel.resolution} pixels, {bytes(baseModel.size_bytes)}. Licence: {baseModel.license ?? 'unknown'}
        </p>
      )}
      <div className="row">
        <Link className="button small" href={`/play?model=${id}`}>
          Use
        </Link>
        <CopyButton text={id} label="Copy name" />
      </div>
    </article>
  );
}
