// Evaluations and studies: what was compared, how far it is, and new ones.
import type { StudySummary } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useSearchParams } from 'wouter';
import { plural } from '../../data/format.ts';
import { labelIn, useModels } from '../../data/models.ts';
import { takeAll } from '../../data/take-all.ts';
import { useClient } from '../../data/session.ts';
import { useHidden } from '../../data/undo.ts';
import { Ago } from '../../ui/ago.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Loading, PageHead, Pill } from '../../ui/parts.tsx';
import { NewEvaluation } from './new-evaluation.tsx';
import { EvaluationProgress, isPending } from './progress.tsx';

export function Evaluations(): ReactElement {
  const [params, setParams] = useSearchParams();
  const tab = params.get('tab') === 'studies' ? 'studies' : 'evaluations';
  const making = params.get('new');
  return (
    <>
      <PageHead
        title="Evaluations"
        about="An evaluation compares a model with others. A study trains variations of one job and compares them."
      >
        <Link className="button" href="/train">
          New study
        </Link>
        <button type="button" className="button primary" onClick={() => setParams({ new: '1' }, { replace: true })}>
          <Icon name="plus" />
          New evaluation
        </button>
      </PageHead>
      <nav className="tabs" aria-label="Kind">
        <Link href="/evaluations" aria-current={tab === 'evaluations' ? 'page' : undefined}>
          Evaluations
        </Link>
        <Link href="/evaluations?tab=studies" aria-current={tab === 'studies' ? 'page' : undefined}>
          Studies
        </Link>
      </nav>
      {tab === 'studies' ? <StudyList /> : <EvaluationList />}
      {making && (
        <NewEvaluation
          model={making === '1' ? '' : making}
          prompts={params.get('prompts') ?? ''}
          onClose={() => setParams({}, { replace: true })}
        />
      )}
    </>
  );
}

function EvaluationList(): ReactElement {
  const client = useClient();
  const models = useModels();
  const { data, error } = useQuery({
    queryKey: ['evaluations'],
    queryFn: () => takeAll(client.evaluations.list({ limit: 100 }), 200),
    refetchInterval: ({ state }) => (state.data?.some(isPending) ? 2_000 : 15_000),
  });
  const hidden = useHidden();
  if (error) return <Failure error={error} what="Evaluations" />;
  if (!data) return <Loading />;
  const shown = data.filter(({ id }) => !hidden.has(id));
  if (shown.length === 0) {
    return (
      <Empty title="No evaluations yet" icon="chart">
        <p>Compare numbers and images: did the model learn the style, and does it still show the subjects?</p>
        <Link className="button primary" href="/evaluations?new=1">
          Evaluate a model
        </Link>
      </Empty>
    );
  }
  return (
    <ul className="stack">
      {shown.map((evaluation) => (
        <li key={evaluation.id} className="card stack">
          <div className="row-apart">
            <Link className="row-link" href={`/evaluations/${evaluation.id}`}>
              {evaluation.config.models.map(({ name, label }) => labelIn(models, name, label)).join(' and ')}
            </Link>
            <Pill status={evaluation.status} />
          </div>
          <p className="small soft">
            {plural(evaluation.config.prompts.length, 'prompt')}, {evaluation.config.metrics.join(', ').toUpperCase()},{' '}
            <Ago time={evaluation.created_at} />
          </p>
          <EvaluationProgress evaluation={evaluation} />
        </li>
      ))}
    </ul>
  );
}

function StudyList(): ReactElement {
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: ['studies'],
    queryFn: () => takeAll(client.studies.list({ limit: 100 }), 200),
    refetchInterval: 5_000,
  });
  const hidden = useHidden();
  if (error) return <Failure error={error} what="Studies" />;
  if (!data) return <Loading />;
  const shown = data.filter(({ id }) => !hidden.has(id));
  if (shown.length === 0) {
    return (
      <Empty title="No studies yet" icon="chart">
        <p>
          A study trains one job for each combination of a few settings, and compares them. To start one, open “Compare several values” in
          the summary of a new training and list the values.
        </p>
        <Link className="button primary" href="/train">
          New training
        </Link>
      </Empty>
    );
  }
  return (
    <ul className="stack">
      {shown.map((study) => (
        <StudyItem key={study.id} study={study} />
      ))}
    </ul>
  );
}

function StudyItem({ study: { id, name, status, jobs, created_at: at } }: { study: StudySummary }): ReactElement {
  const counts = Object.entries(jobs).map(([state, count]) => `${count} ${state}`);
  return (
    <li className="card row-apart">
      <div>
        <Link className="row-link" href={`/studies/${id}`}>
          {name}
        </Link>
        <p className="small soft num">
          {counts.join(', ')}, <Ago time={at} />
        </p>
      </div>
      <Pill status={status} />
    </li>
  );
}
