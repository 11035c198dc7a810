// Gives a trained model a name, or adds it to a model that has one.
import type { Model } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Call } from '../../data/calls.ts';
import { useNamedModels } from '../../data/registry.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';

const NAME = '[a-z0-9][a-z0-9._\\-]{0,62}';

/** `from`: a training job or a checkpoint. */
export function NameModel({ from, onClose }: { from: string; onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const models = useNamedModels().data ?? [];
  const [name, setName] = useState('');
  const [notes, setNotes] = useState('');
  const known = models.find((model: Model) => model.name === name);
  const save = useMutation({
    mutationFn: async () => {
      if (known) await client.models.addVersion(name, { from, notes });
      else await client.models.create({ name, from, notes });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['models'] });
      go(`/models/${name}`);
    },
    onError: (error) => notifyError('The model could not be saved', error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title="Name this model" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor="model-name">Name</label>
          <input
            id="model-name"
            className="input"
            value={name}
            pattern={NAME}
            list="model-names"
            required
            autoFocus
            autoComplete="off"
            placeholder="ink-style"
            aria-describedby="model-name-help"
            onChange={(event) => setName(event.target.value)}
          />
          <datalist id="model-names">
            {models.map((model) => (
              <option key={model.id} value={model.name} />
            ))}
          </datalist>
          <p id="model-name-help" className="help">
            {known
              ? `Becomes version ${Math.max(known.versions, known.latest?.version ?? 0) + 1} of ${name}.`
              : 'Lower-case letters, digits, dots, hyphens. Requests then name it instead of an id.'}
          </p>
        </div>
        <div className="field">
          <label htmlFor="model-notes">Notes</label>
          <input id="model-notes" className="input" value={notes} onChange={(event) => setNotes(event.target.value)} />
        </div>
        <DialogActions label={known ? 'Add version' : 'Save'} disabled={name === '' || save.isPending} onClose={onClose} />
      </form>
      <AsCode name={name} from={from} notes={notes} isKnown={known !== undefined} />
    </Dialog>
  );
}

function AsCode({ name, from, notes, isKnown }: { name: string; from: string; notes: string; isKnown: boolean }): ReactElement {
  const call: Call = isKnown
    ? { method: 'POST', path: `/v1/models/${name}/versions`, body: { from, notes }, sdk: 'models.addVersion', args: [name] }
    : { method: 'POST', path: '/v1/models', body: { name, from, notes }, sdk: 'models.create' };
  return <CopyAsCode isQuiet choices={[{ label: 'Save', calls: [call] }]} />;
}
