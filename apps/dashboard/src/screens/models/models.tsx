// Models: what jobs have made and what they were made from, with the words to use and the way to take them along.
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { ago, bytes } from '../../data/format.ts';
import { METHODS } from '../../data/jobs.ts';
import { type Model, useModels } from '../../data/models.ts';
import { useJobs } from '../../data/queries.ts';
import { useNewestSamples } from '../../ui/job-card.tsx';
import { CopyButton, Empty, Loading, PageHead } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';
import type { TrainingJob } from '@styleforge/sdk';

export function Models(): ReactElement {
  const models = useModels();
  const { isPending } = useJobs();
  const trained = models.filter(({ kind }) => kind === 'job');
  return (
    <>
      <PageHead title="Models" about="Each finished job is a model. Its words go into the prompt." />
      <div className="stack-l">
        <section className="stack">
          <h2>Yours</h2>
          {isPending && <Loading />}
          {!isPending && trained.length === 0 && (
            <Empty title="No model yet" icon="models">
              <p>When a job succeeds, its model appears here.</p>
              <Link className="button primary" href="/train">
                New training
              </Link>
            </Empty>
          )}
          <div className="cards">{trained.map((model) => model.job && <TrainedModel key={model.id} model={model} job={model.job} />)}</div>
        </section>
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

function TrainedModel({ model, job }: { model: Model; job: TrainingJob }): ReactElement {
  const { data: samples = [] } = useNewestSamples(job);
  return (
    <article className="card model-card">
      {samples.length > 0 && (
        <div className="mosaic">
          {samples.map((image) => (
            <Picture key={image.url} path={image.url} alt={image.prompt} width={image.width} />
          ))}
        </div>
      )}
      <h3>{model.label}</h3>
      <p className="small soft">
        {METHODS[job.method] ?? job.method} on {model.base}, {job.result?.final_step ?? job.progress.step} steps,{' '}
        {job.finished_at && ago(job.finished_at)}
      </p>
      <p className="row">
        <code>{model.template}</code>
        <CopyButton text={model.template} label="Copy words" />
      </p>
      <div className="row">
        <Link className="button primary small" href={`/play?model=${job.id}`}>
          Use
        </Link>
        <Link className="button small" href={`/jobs/${job.id}/checkpoints`}>
          Download
        </Link>
        <Link className="button quiet small" href={`/jobs/${job.id}`}>
          Job
        </Link>
      </div>
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
