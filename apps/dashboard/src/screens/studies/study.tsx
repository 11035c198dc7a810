// One study: its variations in a table with the best of each column marked, and their samples side by side.
import type { Study, StudyRow } from '@styleforge/sdk';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useParams } from 'wouter';
import { duration, number } from '../../data/format.ts';
import { useClient } from '../../data/session.ts';
import { Loading, NoScreen, PageHead, Pill } from '../../ui/parts.tsx';
import { SampleRows } from '../compare/sample-rows.tsx';
import { StudyHeatMap } from './heat-map.tsx';
import { StudyLines } from './parallel-lines.tsx';
import { StudyActions } from './study-actions.tsx';

export function StudyScreen(): ReactElement {
  const { id = '' } = useParams();
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: ['studies', id],
    queryFn: () => client.studies.get(id),
    refetchInterval: ({ state }) => (state.data?.status === 'finished' ? false : 3_000),
  });
  if (error) return <NoScreen error={error} what="The study" list={<Link href="/evaluations?tab=studies">Studies</Link>} />;
  if (!data) return <Loading height={320} />;
  return (
    <>
      <PageHead title={data.name} crumb={<Link href="/evaluations?tab=studies">Studies</Link>}>
        <Pill status={data.status} />
        <StudyActions study={data} />
      </PageHead>
      <div className="stack-l">
        <Leaders study={data} />
        <StudyHeatMap study={data} />
        <StudyLines study={data} />
        <Variations rows={data.report} />
        <Samples rows={data.report} />
      </div>
    </>
  );
}

function Leaders({ study: { leaders } }: { study: Study }): ReactElement | null {
  if (leaders.length === 0) return null;
  return (
    <div className="note good">
      {leaders.map(({ metric, name, value, step, training_job_id: job }) => (
        <p key={metric}>
          Best by {metric}: <Link href={`/jobs/${job}`}>{name}</Link> with {number(value)} at step {step}
        </p>
      ))}
    </div>
  );
}

/** The lowest value, if at least two can be compared. */
function leastOf(rows: StudyRow[], field: 'style_ref_loss' | 'aux_loss' | 'seconds'): number | null {
  const values = rows.map((row) => row[field]).filter((value) => value !== null);
  return values.length > 1 ? Math.min(...values) : null;
}

function Variations({ rows }: { rows: StudyRow[] }): ReactElement {
  const cell = (row: StudyRow, field: 'style_ref_loss' | 'aux_loss') => (
    <td className="end num">
      {row[field] !== null && row[field] === leastOf(rows, field) ? <strong>{number(row[field])} (least)</strong> : number(row[field])}
    </td>
  );
  return (
    <div className="card-flush" tabIndex={0} role="region" aria-label="Variations">
      <table>
        <thead>
          <tr>
            <th scope="col">Variation</th>
            <th scope="col">Status</th>
            <th scope="col" className="end">
              Steps
            </th>
            <th scope="col" className="end">
              StyleRef loss
            </th>
            <th scope="col" className="end">
              Aux loss
            </th>
            <th scope="col" className="end">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.training_job_id}>
              <td>
                <Link className="row-link" href={`/jobs/${row.training_job_id}`}>
                  {row.name}
                </Link>
              </td>
              <td>
                <Pill status={row.status} />
              </td>
              <td className="end num">{number(row.final_step)}</td>
              {cell(row, 'style_ref_loss')}
              {cell(row, 'aux_loss')}
              <td className="end num">{row.seconds === null ? '–' : duration(row.seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Prompts down, variations across. */
function Samples({ rows }: { rows: StudyRow[] }): ReactElement {
  const client = useClient();
  const results = useQueries({
    queries: rows.map(({ training_job_id: id }) => ({
      queryKey: ['job', id],
      queryFn: () => client.trainingJobs.get(id),
      staleTime: 5_000,
    })),
  });
  return <SampleRows jobs={results.flatMap(({ data }) => (data ? [data] : []))} />;
}
