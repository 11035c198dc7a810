// Summary on the right: estimates, errors, the request as a program, and the buttons that start it.
import type { StudyCreateParams, TrainingEstimate } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { bytes, duration, plural } from '../../data/format.ts';
import { type Call, trainingCall } from '../../data/calls.ts';
import { keepDraft } from '../../data/kept-draft.ts';
import { problemOf } from '../../data/problems.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { getAt, hasDatasets, METHODS_WITH_AUX, requestOf } from '../../data/training-draft.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Failure } from '../../ui/parts.tsx';
import type { FormPart } from './part.ts';
import { StudyFields, type StudyRow, valuesOf } from './study-fields.tsx';

type Props = FormPart & { isChecking: boolean; failure: Error | null };

export function Summary(props: Props): ReactElement {
  const { draft, check, isChecking, failure } = props;
  const [study, setStudy] = useState<StudyRow[]>([]);
  const isComplete = hasDatasets(draft);
  const isValid = check !== undefined && check.detail === '' && isComplete;
  return (
    <aside className="summary" aria-label="Summary">
      <div className="card stack">
        <h2>Summary</h2>
        <Numbers {...props} />
        <Verdict {...props} isComplete={isComplete} />
        {failure && <Failure error={failure} what="The check" />}
        <StudyFields rows={study} onRows={setStudy} />
        <StartButton draft={draft} study={study} isReady={isValid && !isChecking} />
        <CopyAsCode choices={[{ label: 'Start', calls: [startCall(draft, study)] }]} />
      </div>
    </aside>
  );
}

function Numbers({ draft, defaults, check }: Props): ReactElement {
  const setting = (name: string) => getAt(draft, ['hyperparameters', name]) ?? defaults[name];
  const steps = Number(setting('max_train_steps'));
  const batch = Number(setting('train_batch_size')) * Number(setting('gradient_accumulation_steps'));
  const estimate = check?.estimate;
  const known = (value: number | null | undefined, text: (value: number) => string) =>
    value === undefined ? '–' : value === null ? 'Not measured yet' : text(value);
  const rows: [string, string][] = [
    ['Steps', Number.isFinite(steps) ? `${steps.toLocaleString('en')} of ${plural(batch, 'image')} each` : '–'],
    ['Time', known(estimate?.seconds, (seconds) => `about ${duration(seconds)} on ${estimate?.devices[0]?.device}`)],
    ['Memory', known(estimate?.peak_memory_bytes, (memory) => `up to ${bytes(memory)}`)],
    ...cardRow(estimate),
    ['Checkpoints', known(estimate?.checkpoints_bytes, (disk) => `${bytes(disk)} on disk`)],
    ['Queue', known(estimate?.queue_position, (jobs) => (jobs === 0 ? 'Starts immediately' : `after ${plural(jobs, 'job')}`))],
  ];
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Memory that the job takes of a card, if it was measured. */
function cardRow(estimate: TrainingEstimate | undefined): [string, string][] {
  const memory = estimate?.device_memory_bytes ?? null;
  if (memory === null) return [];
  return [['Card memory', `up to ${bytes(memory)}${estimate?.recomputes_activations ? ', activations recomputed' : ''}`]];
}

function Verdict({ draft, check, isChecking, isComplete }: Props & { isComplete: boolean }): ReactElement {
  if (check && check.detail !== '') {
    const general = check.errors.length === 0 ? check.detail : `${plural(check.errors.length, 'setting')} must be corrected:`;
    return (
      <div className="note bad" role="status">
        {general}
        <ul>
          {check.errors.slice(0, 4).map((error) => (
            <li key={error.pointer}>{problemOf(error)}</li>
          ))}
        </ul>
      </div>
    );
  }
  if (!isComplete) return <div className="note">Choose style images{METHODS_WITH_AUX.includes(draft.method) && ' and Aux images'}.</div>;
  return (
    <div className="note good" role="status">
      {isChecking || !check ? 'Checking' : 'Ready to start'}
    </div>
  );
}

const gridOf = (study: StudyRow[]) =>
  study.map(({ pointer, text }) => ({ pointer, values: valuesOf(text) })).filter(({ values }) => values.length > 0);

function studyOf(draft: FormPart['draft'], grid: ReturnType<typeof gridOf>): StudyCreateParams {
  const name = String(getAt(draft, ['name']) ?? grid.map(({ pointer }) => pointer.split('/').at(-1)).join(' and '));
  return { name, job: requestOf(draft), grid };
}

function startCall(draft: FormPart['draft'], study: StudyRow[]): Call {
  const grid = gridOf(study);
  if (grid.length === 0) return trainingCall(requestOf(draft));
  return { method: 'POST', path: '/v1/studies', body: studyOf(draft, grid), sdk: 'studies.create' };
}

function StartButton({ draft, study, isReady }: { draft: FormPart['draft']; study: StudyRow[]; isReady: boolean }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const grid = gridOf(study);
  const count = grid.reduce((product, { values }) => product * values.length, 1);
  const start = useMutation({
    mutationFn: async () => {
      if (grid.length === 0) return `/jobs/${(await client.trainingJobs.create(requestOf(draft))).id}`;
      return `/studies/${(await client.studies.create(studyOf(draft, grid))).id}`;
    },
    onSuccess: (path) => {
      keepDraft(null);
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      navigate(path);
    },
    onError: (error) => notifyError('The training could not be started', error),
  });
  return (
    <button type="button" className="button primary" disabled={!isReady || start.isPending} onClick={() => start.mutate()}>
      {start.isPending ? 'Starting' : grid.length === 0 ? 'Start training' : `Start a study of ${plural(count, 'job')}`}
    </button>
  );
}
