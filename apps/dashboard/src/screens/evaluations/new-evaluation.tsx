// The dialog that starts an evaluation: which model, on which prompts, compared with what.
import type { EvaluationCreateParams } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useModels } from '../../data/models.ts';
import { useDatasets } from '../../data/queries.ts';
import { takeAll } from '../../data/take-all.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';

export function NewEvaluation({ model: initial, onClose }: { model: string; onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const models = useModels();
  const { data: sets } = useQuery({ queryKey: ['prompt-sets'], queryFn: () => takeAll(client.promptSets.list({ limit: 100 })) });
  const datasets = useDatasets().data ?? [];
  const [chosen, setModel] = useState(initial);
  const model = chosen || models[0]?.id || '';
  const isBase = models.find(({ id }) => id === model)?.kind === 'base';
  const [other, setOther] = useState('base');
  const [set, setSet] = useState('');
  const [reference, setReference] = useState('');
  const request = requestOf({ model, isBase, other, set, reference });
  const create = useMutation({
    mutationFn: () => client.evaluations.create(request),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ['evaluations'] });
      navigate(`/evaluations/${id}`);
    },
    onError: (error) => notifyError('The evaluation could not be started', error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title="New evaluation" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Choice id="eval-model" label="Model" value={model} onChange={setModel} options={models.map(({ id, label }) => [id, label])} />
        <Choice
          id="eval-other"
          label="Compare with"
          value={other}
          onChange={setOther}
          options={[
            ['base', 'Its base model'],
            ['', 'Nothing'],
            ...models.filter(({ id }) => id !== model).map(({ id, label }): [string, string] => [id, label]),
          ]}
        />
        <Choice
          id="eval-prompts"
          label="Prompts"
          value={set}
          onChange={setSet}
          options={[
            ['', "The base model's set"],
            ...(sets ?? []).map(({ id, name, version }): [string, string] => [id, `${name}, version ${version}`]),
          ]}
        />
        <Choice
          id="eval-reference"
          label="Reference images"
          value={reference}
          onChange={setReference}
          options={[['', "The job's style images"], ...datasets.map(({ id, name }): [string, string] => [id, name])]}
        />
        <DialogActions label="Evaluate" disabled={model === '' || create.isPending} onClose={onClose} />
      </form>
      <AsCode request={request} />
    </Dialog>
  );
}

function AsCode({ request }: { request: EvaluationCreateParams }): ReactElement {
  const call = { method: 'POST', path: '/v1/evaluations', body: request, sdk: 'evaluations.create' } as const;
  return <CopyAsCode isQuiet choices={[{ label: 'Evaluate', calls: [call] }]} />;
}

type Chosen = { model: string; isBase: boolean; other: string; set: string; reference: string };

const requestOf = ({ model, isBase, other, set, reference }: Chosen): EvaluationCreateParams =>
  ({
    model,
    metrics: reference || !isBase ? ['kid', 'clip'] : ['clip'],
    ...(set && { prompts: set }),
    ...(reference && { reference_dataset_id: reference }),
    ...(other && !(isBase && other === 'base') && { compare_with: [other] }),
  }) as EvaluationCreateParams;

type ChoiceProps = { id: string; label: string; value: string; onChange(value: string): void; options: [string, string][] };

function Choice({ id, label, value, onChange, options }: ChoiceProps): ReactElement {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
