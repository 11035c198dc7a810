// Data of the project that the automatic cleanup removes next, with the time.
import type { SweepReport } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { plural } from '../../data/format.ts';
import { useJobs } from '../../data/job-list.ts';
import { jobName } from '../../data/jobs.ts';
import { SWEEP_DAYS, useSweep } from '../../data/machines.ts';
import { Failure, Loading } from '../../ui/parts.tsx';

type Expiration = SweepReport['next'][number];

function named({ kind, count }: Expiration): string {
  if (kind === 'checkpoint') return 'Checkpoint';
  if (kind === 'export') return 'Exported file';
  return plural(count, kind === 'validation_images' ? 'sample image' : 'generated image');
}

const placeOf = ({ id, training_job_id: job, kind }: Expiration): string =>
  job === null ? `/play?generations=${id}` : `/jobs/${job}${kind === 'validation_images' ? '' : '/checkpoints'}`;

export function Sweep(): ReactElement {
  const { data, error } = useSweep();
  return (
    <section className="stack">
      <h2>Removed next</h2>
      {error && <Failure error={error} what="The cleanup" />}
      {!data && !error && <Loading height={80} />}
      {data?.dry_run && <p className="note">Clean-ups only log what they would remove (SWEEP_DRY_RUN).</p>}
      {data?.next.length === 0 && <p className="soft">Nothing is removed in the next {SWEEP_DAYS} days.</p>}
      {data && data.next.length > 0 && <Expirations report={data} />}
    </section>
  );
}

function Expirations({ report: { next, every_minutes: minutes, trash_days: days } }: { report: SweepReport }): ReactElement {
  const { data: jobs = [] } = useJobs();
  const nameOf = ({ training_job_id: id }: Expiration) => {
    const job = jobs.find((one) => one.id === id);
    return job && `of ${jobName({ ...job, suffix: job.config.suffix })}`;
  };
  return (
    <>
      <p className="small soft">
        The automatic cleanup runs every {plural(minutes, 'minute')}. A star on a checkpoint or an image keeps it.{' '}
        {days > 0 && `Removed files can be restored for ${plural(days, 'day')}.`}
      </p>
      <div className="card-flush" tabIndex={0} role="region" aria-label="What is removed next">
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col" className="end">
                After
              </th>
            </tr>
          </thead>
          <tbody>
            {next.map((entry) => (
              <tr key={`${entry.kind} ${entry.id}`}>
                <td>
                  <Link href={placeOf(entry)}>{named(entry)}</Link>
                  <span className="small soft"> {nameOf(entry)}</span>
                </td>
                <td className="end num">{new Date(entry.due_at).toLocaleString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
