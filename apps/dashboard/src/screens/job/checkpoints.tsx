// The saved states of a job: use one as a model, or download its files.
import type { Checkpoint, TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { useHidden } from '../../data/undo.ts';
import { CheckpointActions } from './checkpoint-actions.tsx';
import { bytes, number } from '../../data/format.ts';
import { useCheckpoints } from '../../data/job-live.ts';
import { useSweep } from '../../data/machines.ts';
import { Ago } from '../../ui/ago.tsx';
import { DownloadFormats } from '../../ui/download-formats.tsx';
import { DownloadLink } from '../../ui/download.tsx';
import { CopyButton, Empty, Failure, Loading } from '../../ui/parts.tsx';

export function Checkpoints({ job }: { job: TrainingJob }): ReactElement {
  const { data, error } = useCheckpoints(job);
  const hidden = useHidden();
  if (error) return <Failure error={error} what="Checkpoints" />;
  if (!data) return <Loading />;
  if (data.length === 0) {
    return (
      <Empty title="No checkpoint yet" icon="models">
        <p>
          One is saved every {job.config.hyperparameters.checkpointing_steps ?? job.progress.of} steps, and when the job pauses or stops.
        </p>
      </Empty>
    );
  }
  return (
    <ul className="stack">
      {data
        .filter(({ id }) => !hidden.has(id))
        .toReversed()
        .map((checkpoint) => (
          <CheckpointCard key={checkpoint.id} checkpoint={checkpoint} job={job} />
        ))}
    </ul>
  );
}

function CheckpointCard({ checkpoint, job }: { checkpoint: Checkpoint; job: TrainingJob }): ReactElement {
  const isResult = checkpoint.id === job.result?.checkpoint_id;
  const score = job.result?.early_stopping?.curve.find(({ step: at }) => at === checkpoint.step);
  const { id, step, size_bytes: size, files, formats, created_at: at } = checkpoint;
  const due = useSweep().data?.next.find((one) => one.id === id)?.due_at;
  return (
    <li className="card stack">
      <div className="row-apart">
        <div>
          <h2>
            Step {step} {isResult && <span className="pill good">Result</span>}
          </h2>
          <p className="small soft num">
            {bytes(size)} · <Ago time={at} />
            {score && ` · ${job.result?.early_stopping?.metric} ${number(score.value)}`} · <code>{id}</code>
            {due && ` · removed after ${new Date(due).toLocaleDateString()}, unless you keep it`}
          </p>
        </div>
        <div className="row">
          <CopyButton text={id} label="Copy id" />
          <Link className="button small" href={`/play?model=${id}`}>
            Generate
          </Link>
          <CheckpointActions checkpoint={checkpoint} isResult={isResult} />
        </div>
      </div>
      <DownloadFormats id={id} formats={formats} />
      <details>
        <summary className="small">All {files.length} files</summary>
        <table>
          <tbody>
            {files.map(({ path, size_bytes: of, url }) => (
              <tr key={path}>
                <td className="mono">{path}</td>
                <td className="end num small">{bytes(of)}</td>
                <td className="end">
                  <DownloadLink path={url} name={path.split('/').at(-1)!} label="Download" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </li>
  );
}
