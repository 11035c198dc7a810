// Prompt sets: named lists in numbered versions.
import type { PromptSet, PromptSetSummary } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { plural } from '../../data/format.ts';
import { errorsOf, problemsAt } from '../../data/problems.ts';
import { takeAll } from '../../data/take-all.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { useDelete, useHidden } from '../../data/undo.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { LinesField, TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Loading, PageHead } from '../../ui/parts.tsx';

export function PromptSets(): ReactElement {
  const client = useClient();
  const [params, setParams] = useSearchParams();
  const { data, error } = useQuery({ queryKey: ['prompt-sets'], queryFn: () => takeAll(client.promptSets.list({ limit: 100 })) });
  const hidden = useHidden();
  const shownSets = data?.filter(({ id }) => !hidden.has(id));
  const shown = params.get('set');
  const making = params.get('new');
  const close = () => setParams({}, { replace: true });
  return (
    <>
      <PageHead
        title="Prompt sets"
        about="An evaluation generates images for each prompt of a set. Versions never change, so results stay comparable."
      >
        <button type="button" className="button primary" onClick={() => setParams({ new: '1' }, { replace: true })}>
          <Icon name="plus" />
          New prompt set
        </button>
      </PageHead>
      {error && <Failure error={error} what="Prompt sets" />}
      {!data && !error && <Loading />}
      {shownSets?.length === 0 && (
        <Empty title="No prompt sets yet" icon="prompts">
          <p>A prompt set is a list of subjects, such as “cat” and “house”, that every model is evaluated with.</p>
          <button type="button" className="button primary" onClick={() => setParams({ new: '1' }, { replace: true })}>
            Write the first one
          </button>
        </Empty>
      )}
      <div className="cards">
        {shownSets?.map((set) => (
          <SetCard
            key={set.id}
            set={set}
            onShow={() => setParams({ set: set.id }, { replace: true })}
            onVersion={() => setParams({ new: set.id }, { replace: true })}
          />
        ))}
      </div>
      {shown && <SetDialog id={shown} onClose={close} />}
      {making && <EditDialog from={making === '1' ? undefined : making} onClose={close} />}
    </>
  );
}

function SetCard({ set, onShow, onVersion }: { set: PromptSetSummary; onShow(): void; onVersion(): void }): ReactElement {
  const client = useClient();
  const remove = useDelete();
  const destroy = () =>
    remove({
      ids: [set.id],
      label: `${set.name}, version ${set.version},`,
      invalidates: 'prompt-sets',
      run: () => client.promptSets.delete(set.id),
    });
  return (
    <article className="card model-card">
      <div className="row-apart">
        <h2>{set.name}</h2>
        <span className="pill">version {set.version}</span>
      </div>
      <p className="small soft">{set.description || 'No description'}</p>
      <p className="small soft num">
        {plural(set.prompt_count, 'prompt')}
        {set.shipped && ', ships with the service'}
      </p>
      <div className="row">
        <button type="button" className="button small" onClick={onShow}>
          Show prompts
        </button>
        <Link className="button small" href={`/evaluations?new=1&prompts=${set.id}`}>
          Evaluate with it
        </Link>
        <button type="button" className="button quiet small" onClick={onVersion}>
          {set.shipped ? 'Copy' : 'New version'}
        </button>
        {!set.shipped && (
          <button
            type="button"
            className="button quiet small danger icon"
            aria-label={`Delete ${set.name}, version ${set.version}`}
            onClick={destroy}
          >
            <Icon name="trash" size={15} />
          </button>
        )}
      </div>
    </article>
  );
}

function usePromptSet(id: string | undefined) {
  const client = useClient();
  return useQuery({ queryKey: ['prompt-sets', id], queryFn: () => client.promptSets.get(id!), enabled: id !== undefined });
}

function SetDialog({ id, onClose }: { id: string; onClose(): void }): ReactElement {
  const { data, error } = usePromptSet(id);
  return (
    <Dialog title={data ? `${data.name}, version ${data.version}` : 'Prompt set'} onClose={onClose}>
      {error && <Failure error={error} what="The prompt set" />}
      <ol className="code prompts" tabIndex={0}>
        {data?.prompts.map((prompt, index) => (
          <li key={index}>{prompt}</li>
        ))}
      </ol>
      {data && data.version > 1 && <SinceBefore set={data} />}
      <div className="row">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** The prompts that this version has and the one before does not, and the other way round. */
function SinceBefore({ set: { name, version, prompts } }: { set: PromptSet }): ReactElement | null {
  const { data: before } = usePromptSet(`${name}@${version - 1}`);
  if (!before) return null;
  const added = prompts.filter((prompt) => !before.prompts.includes(prompt));
  const removed = before.prompts.filter((prompt) => !prompts.includes(prompt));
  return (
    <ul className="small" aria-label={`Changes since version ${version - 1}`}>
      {added.length + removed.length === 0 && <li>The same prompts as in version {version - 1}.</li>}
      {added.map((prompt) => (
        <li key={prompt}>
          <strong>Added:</strong> {prompt}
        </li>
      ))}
      {removed.map((prompt) => (
        <li key={prompt}>
          <strong>Removed:</strong> {prompt}
        </li>
      ))}
    </ul>
  );
}

function EditDialog({ from, onClose }: { from: string | undefined; onClose(): void }): ReactElement {
  const { data, error } = usePromptSet(from);
  if (from && !data)
    return (
      <Dialog title="New version" onClose={onClose}>
        {error ? <Failure error={error} what="The prompt set" /> : <Loading />}
      </Dialog>
    );
  return <EditForm name={data ? (data.shipped ? `my-${data.name}` : data.name) : ''} prompts={data?.prompts ?? []} onClose={onClose} />;
}

function EditForm({ name: initial, prompts, onClose }: { name: string; prompts: string[]; onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [name, setName] = useState(initial);
  const [text, setText] = useState(prompts.join('\n'));
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const create = useMutation({
    mutationFn: () => client.promptSets.create({ name, prompts: lines }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['prompt-sets'] });
      onClose();
    },
    onError: (error) => problemsAt(errorsOf(error), '/prompts') ?? notifyError('The prompt set could not be saved', error),
  });
  const write = (next: string) => {
    create.reset();
    setText(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title={prompts.length > 0 ? 'New version' : 'New prompt set'} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <TextField
          {...{ id: 'set-name', label: 'Name', value: name, onValue: setName, pattern: '[a-z0-9][a-z0-9_\\-]{0,62}', required: true }}
          help="Lower-case letters, digits, hyphens. An existing set gets a new version."
        />
        <LinesField
          {...{ id: 'set-prompts', label: 'Prompts, one per line', rows: 10, value: text, onValue: write }}
          error={problemsAt(errorsOf(create.error), '/prompts')}
          help={plural(lines.length, 'prompt')}
        />
        <DialogActions label="Save" disabled={name === '' || lines.length === 0 || create.isPending} onClose={onClose} />
      </form>
      <AsCode name={name} prompts={lines} />
    </Dialog>
  );
}

function AsCode({ name, prompts }: { name: string; prompts: string[] }): ReactElement {
  const call = { method: 'POST', path: '/v1/prompt-sets', body: { name, prompts }, sdk: 'promptSets.create' } as const;
  return <CopyAsCode isQuiet choices={[{ label: 'Save', calls: [call] }]} />;
}
