// The last samples of each job, a row for each prompt, a column for each job.
import type { TrainingJob, ValidationImage } from '@styleforge/sdk';
import { useQueries } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { jobName } from '../../data/jobs.ts';
import { useClient } from '../../data/session.ts';
import { Picture } from '../../ui/picture.tsx';

/** The subject of the prompt, without the words for the style before its last comma. */
const subjectOf = ({ prompt }: ValidationImage): string => prompt.split(',').at(-1)!.trim();

function lastOf(images: ValidationImage[]): Map<string, ValidationImage> {
  const step = Math.max(...images.map((image) => image.step));
  return new Map(images.filter((image) => image.step === step).map((image) => [subjectOf(image), image]));
}

export function SampleRows({ jobs }: { jobs: TrainingJob[] }): ReactElement | null {
  const client = useClient();
  const results = useQueries({
    queries: jobs.map(({ id }) => ({ queryKey: ['samples', id], queryFn: () => client.trainingJobs.images(id), staleTime: 5_000 })),
  });
  const columns = results.map(({ data }) => lastOf(data ?? []));
  const subjects = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  if (subjects.length === 0) return null;
  return (
    <section className="stack">
      <h2>Last samples</h2>
      <div className="samples" tabIndex={0} role="region" aria-label="Last samples by prompt and job">
        <table>
          <thead>
            <tr>
              <td />
              {jobs.map((job) => (
                <th key={job.id} scope="col">
                  {jobName({ ...job, suffix: job.config.suffix })}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {subjects.map((subject) => (
              <tr key={subject}>
                <th scope="row">
                  <span title={subject}>{subject}</span>
                </th>
                {columns.map((column, at) => {
                  const image = column.get(subject);
                  return (
                    <td key={jobs[at]!.id}>
                      {image ? (
                        <Picture path={image.url} alt={`${image.prompt}, step ${image.step}`} width={image.width} />
                      ) : (
                        <span className="small soft">–</span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
