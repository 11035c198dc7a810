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
import { TextField } from '../../ui/fields.tsx';

const NAME = '[a-z0-9][a-z0-9._\\-]{0,62}';

const RULE = 'Lower-case letters, digits, dots, hyphens. Requests then name it instead of an id.';
const nextVersion = ({ versions, latest }: Model): number => Math.max(versions, latest?.version ?? 0) + 1;

type Naming = { name: string; from: string; notes: string; isKnown: boolean };

function useSave({ name, from, notes, isKnown }: Naming) {
  const client = useClient();
  const queries = useQueryClient();
  const [, go] = useLocation();
  return useMutation({
    mutationFn: async () => {
      if (isKnown) await client.models.addVersion(name, { from, notes });
      else await client.models.create({ name, from, notes });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['models'] });
      go(`/models/${name}`);
    },
    onError: (error) => notifyError('The model could not be saved', error),
  });
}

/** `from`: a training job or a checkpoint. */
export function NameModel({ from, onClose }: { from: string; onClose(): void }): ReactElement {
  const models = useNamedModels().data ?? [];
  const [name, setName] = useState('');
  const [notes, setNotes] = useState('');
  const known = models.find((model: Model) => model.name === name);
  const save = useSave({ name, from, notes, isKnown: known !== undefined });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title="Name this model" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <TextField
          {...{
            id: 'model-name',
            label: 'Name',
            value: name,
            onValue: setName,
            pattern: NAME,
            list: 'model-names',
            placeholder: 'ink-style',
          }}
          required
          autoFocus
          autoComplete="off"
          help={known ? `Becomes version ${nextVersion(known)} of ${name}.` : RULE}
        />
        <datalist id="model-names">
          {models.map((model) => (
            <option key={model.id} value={model.name} />
          ))}
        </datalist>
        <TextField id="model-notes" label="Notes" value={notes} onValue={setNotes} />
        <DialogActions label={known ? 'Add version' : 'Save'} disabled={name === '' || save.isPending} onClose={onClose} />
      </form>
      <AsCode {...{ name, from, notes }} isKnown={known !== undefined} />
    </Dialog>
  );
}

function AsCode({ name, from, notes, isKnown }: Naming): ReactElement {
  const call: Call = isKnown
    ? { method: 'POST', path: `/v1/models/${name}/versions`, body: { from, notes }, sdk: 'models.addVersion', args: [name] }
    : { method: 'POST', path: '/v1/models', body: { name, from, notes }, sdk: 'models.create' };
  return <CopyAsCode isQuiet choices={[{ label: 'Save', calls: [call] }]} />;
}
