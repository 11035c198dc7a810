// The settings in which a job differs from another: first its parent, if it was cloned or is a second round.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { differencesOf } from '../../data/comparison.ts';
import { jobName } from '../../data/jobs.ts';
import { useJob } from '../../data/queries.ts';
import { Failure, Loading } from '../../ui/parts.tsx';

export function ConfigDifferences({ job, other: id }: { job: TrainingJob; other: string }): ReactElement {
  const { data: other, error } = useJob(id);
  if (error) return <Failure error={error} what="The other job" />;
  if (!other) return <Loading height={120} />;
  const rows = differencesOf([other, job]);
  const title = `Different from ${jobName({ ...other, suffix: other.config.suffix })}`;
  return (
    <section className="stack">
      <h2>{title}</h2>
      {rows.length === 0 && <p className="soft">Every setting is the same.</p>}
      {rows.length > 0 && (
        <div className="card-flush" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                <th scope="col">There</th>
                <th scope="col">Here</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ setting, values: [there, here] }) => (
                <tr key={setting}>
                  <td className="mono">{setting}</td>
                  <td className="mono soft wrap">{there}</td>
                  <td className="mono wrap">{here}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
