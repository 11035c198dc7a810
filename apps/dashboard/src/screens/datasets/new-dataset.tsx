// Dialog that creates a dataset: its kind, explained with images, and its name.
import type { Dataset } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { readSamples, sampleImage } from '../../data/samples.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';

export type Kind = Dataset['kind'];

export const KINDS: Record<Kind, { label: string; about: string; count: [number, number] }> = {
  style_ref: { label: 'Style', about: 'Images of the style to learn. Use 15 to 20, half of them showing people.', count: [15, 20] },
  aux: {
    label: 'Aux',
    about:
      'About 20 images of people in any other style. They teach the model to separate your style from the subject, and prevent forgetting.',
    count: [15, 25],
  },
};

export function NewDataset(props: {
  kind: Kind;
  onKind(kind: Kind): void;
  onClose(): void;
  onCreated(dataset: Dataset): void;
}): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => client.datasets.create({ name: name.trim(), kind: props.kind }),
    onSuccess: async (dataset) => {
      await queries.invalidateQueries({ queryKey: ['datasets'] });
      props.onCreated(dataset);
    },
    onError: (error) => notifyError('The dataset could not be created', error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) create.mutate();
  };
  return (
    <Dialog title="New dataset" onClose={props.onClose}>
      <form className="stack" onSubmit={submit}>
        <fieldset className="kind-choice">
          <legend className="visually-hidden">Kind</legend>
          {(Object.keys(KINDS) as Kind[]).map((kind) => (
            <KindChoice key={kind} kind={kind} isChosen={kind === props.kind} onChoose={() => props.onKind(kind)} />
          ))}
        </fieldset>
        <TextField id="dataset-name" label="Name" value={name} onValue={setName} maxLength={200} autoFocus />
        <DialogActions label="Create" disabled={!name.trim() || create.isPending} onClose={props.onClose} />
      </form>
    </Dialog>
  );
}

function KindChoice({ kind, isChosen, onChoose }: { kind: Kind; isChosen: boolean; onChoose(): void }): ReactElement {
  const { data: samples } = useQuery({ queryKey: ['sample-manifest'], queryFn: readSamples, staleTime: Infinity });
  return (
    <label className="card kind-card" data-chosen={isChosen}>
      <span className="row">
        <input type="radio" name="kind" checked={isChosen} onChange={onChoose} />
        <strong>{KINDS[kind].label}</strong>
      </span>
      <span className="strip" aria-hidden="true">
        {samples?.[kind].images.slice(0, 5).map(({ file }) => (
          <img key={file} src={sampleImage(file)} alt="" />
        ))}
      </span>
      <span className="small soft">{KINDS[kind].about}</span>
    </label>
  );
}
