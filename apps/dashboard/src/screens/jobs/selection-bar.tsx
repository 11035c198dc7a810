// Actions on the marked jobs: compare, cancel, delete, tag.
import type { StyleForge, TrainingJob } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { plural } from '../../data/format.ts';
import { jobName } from '../../data/jobs.ts';
import { isLive } from '../../data/job-list.ts';
import { useClient } from '../../data/session.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { useDelete } from '../../data/undo.ts';
import type { Selection } from '../../ui/selection.ts';

export function JobSelectionBar({ shown, selection }: { shown: TrainingJob[]; selection: Selection }): ReactElement {
  const client = useClient();
  const remove = useDelete();
  const chosen = shown.filter(({ id }) => selection.ids.has(id));
  const running = chosen.filter((job) => isLive(job) || job.status === 'paused');
  const ended = chosen.filter((job) => !running.includes(job));
  const cancel = useForEach('cancelled', (job) => client.trainingJobs.cancel(job.id));
  if (chosen.length === 0) return <p className="small soft hint">Select jobs to compare, cancel, tag or delete them.</p>;
  const destroy = () => {
    remove({
      ids: ended.map(({ id }) => id),
      label: ended.length === 1 ? jobName(ended[0]!) : plural(ended.length, 'job'),
      invalidates: 'jobs',
      run: () => Promise.all(ended.map(({ id }) => client.trainingJobs.delete(id))),
    });
    selection.set([]);
  };
  return (
    <div className="row selection-bar" role="toolbar" aria-label="Chosen jobs">
      <span className="small num">{plural(chosen.length, 'job')} chosen</span>
      <Link className="button small" href={`/compare?jobs=${chosen.map(({ id }) => id).join(',')}`}>
        Compare
      </Link>
      <Tag jobs={chosen} client={client} />
      {running.length > 0 && (
        <button type="button" className="button small" disabled={cancel.isPending} onClick={() => cancel.mutate(running)}>
          Stop {running.length} and keep
        </button>
      )}
      {ended.length > 0 && (
        <button type="button" className="button small danger" onClick={destroy}>
          Delete {ended.length}
        </button>
      )}
      <button type="button" className="button quiet small" onClick={() => selection.set([])}>
        Clear selection
      </button>
    </div>
  );
}

function useForEach(done: string, run: (job: TrainingJob) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (jobs: TrainingJob[]) => Promise.all(jobs.map(run)),
    onSuccess: async (results) => {
      await queries.invalidateQueries({ queryKey: ['jobs'] });
      notify({ title: `${plural(results.length, 'job')} ${done}` });
    },
    onError: (error) => notifyError('The action failed for some jobs', error),
  });
}

/** Adds a metadata entry, which the search finds as key:value. */
function Tag({ jobs, client }: { jobs: TrainingJob[]; client: StyleForge }): ReactElement {
  const [text, setText] = useState('');
  const [key = '', value = ''] = text.split(':').map((part) => part.trim());
  const tag = useForEach('tagged', (job) => client.trainingJobs.update(job.id, { metadata: { ...job.metadata, [key]: value } }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key === '' || value === '') return;
    tag.mutate(jobs);
    setText('');
  };
  return (
    <form className="row nowrap" onSubmit={submit}>
      <input
        className="input component-input"
        aria-label="Tag as key:value"
        placeholder="tag as key:value"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}
