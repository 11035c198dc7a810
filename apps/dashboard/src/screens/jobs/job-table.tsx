// Rows of the list of jobs. Renders only those near the window. Marked jobs can be compared, cancelled or deleted.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement, RefCallback } from 'react';
import { memo, useRef } from 'react';
import { Link } from 'wouter';
import { duration, number } from '../../data/format.ts';
import { CLONED_FROM, jobName, METHODS, whereIs } from '../../data/jobs.ts';
import { isLive } from '../../data/job-list.ts';
import { Ago } from '../../ui/ago.tsx';
import { Bar, Pill } from '../../ui/parts.tsx';
import { JobThumbnail } from '../../ui/job-card.tsx';
import { useRows } from '../../ui/rows.ts';
import type { Selection } from '../../ui/selection.ts';

const ROW = 65;

export function JobTable({ jobs, selection }: { jobs: TrainingJob[]; selection: Selection }): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const { shown, before, after, measure } = useRows({ count: jobs.length, height: ROW, beyond: 8, frame });
  return (
    <div ref={frame} className="card-flush" tabIndex={0} role="region" aria-label="Jobs">
      <table className="jobs" aria-rowcount={jobs.length + 1}>
        <JobColumns />
        <tbody>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
          {shown.map((index) => (
            <JobRow
              key={jobs[index]!.id}
              job={jobs[index]!}
              index={index}
              measure={measure}
              isChosen={selection.ids.has(jobs[index]!.id)}
              onChoose={selection.toggle}
            />
          ))}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}

function JobColumns(): ReactElement {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col">
          <span className="visually-hidden">Chosen</span>
        </th>
        <th scope="col">Name</th>
        <th scope="col">Status</th>
        <th scope="col">Progress</th>
        <th scope="col" className="roomy-only wide-only">
          Base model
        </th>
        <th scope="col" className="end roomy-only wide-only">
          Loss
        </th>
        <th scope="col" className="end wide-only">
          Took
        </th>
        <th scope="col" className="end wide-only">
          Created
        </th>
      </tr>
    </thead>
  );
}

type RowProps = {
  job: TrainingJob;
  index: number;
  isChosen: boolean;
  measure: RefCallback<HTMLElement>;
  onChoose(id: string, isRange: boolean): void;
};

const JobRow = memo(function JobRow({ job, index, isChosen, measure, onChoose }: RowProps): ReactElement {
  const { progress, started_at: start, finished_at: end } = job;
  const name = jobName({ ...job, suffix: job.config.suffix });
  const seconds = start ? ((end ? Date.parse(end) : Date.now()) - Date.parse(start)) / 1000 : null;
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index + 2} data-selected={isChosen}>
      <td className="check-cell">
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={`Choose ${name}`}
          onChange={() => undefined}
          onClick={(event) => onChoose(job.id, event.shiftKey)}
        />
      </td>
      <td>
        <JobName job={job} name={name} />
      </td>
      <td>
        <Pill status={job.status} />
      </td>
      <td className="num small">
        <span className="clip">{whereIs(job)}</span>
        {isLive(job) && <Bar done={progress.step} of={progress.of} label={`Progress of ${name}`} />}
      </td>
      <td className="small roomy-only wide-only">{job.base_model}</td>
      <td className="end num small roomy-only wide-only">{number(progress.loss)}</td>
      <td className="end num small nowrap wide-only">{seconds === null ? '–' : duration(seconds)}</td>
      <td className="end small nowrap wide-only">
        <Ago time={job.created_at} />
      </td>
    </tr>
  );
});

function JobName({ job, name }: { job: TrainingJob; name: string }): ReactElement {
  const chips = Object.entries(job.metadata).filter(([key]) => key !== 'name' && key !== CLONED_FROM);
  return (
    <div className="row nowrap">
      <JobThumbnail job={job} />
      <div>
        <Link className="row-link" href={`/jobs/${job.id}`}>
          {job.starred && '★ '}
          {name}
        </Link>
        <div className="small soft">
          {METHODS[job.method] ?? job.method}
          {chips.slice(0, 2).map(([key, value]) => (
            <span key={key} className="chip">
              {key}: {value}
            </span>
          ))}
        </div>
      </div>
    </div>
  );
}
