// The dialog that starts an evaluation: which model, on which prompts, compared with what.
import type { EvaluationCreateParams } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { plural } from '../../data/format.ts';
import { modelOf, useModels } from '../../data/models.ts';
import { useDatasets } from '../../data/queries.ts';
import { takeAll } from '../../data/take-all.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { type Option, SelectField } from '../../ui/fields.tsx';

function useStart(request: EvaluationCreateParams) {
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: () => client.evaluations.create(request),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ['evaluations'] });
      navigate(`/evaluations/${id}`);
    },
    onError: (error) => notifyError('The evaluation could not be started', error),
  });
}

/** Options of each part, the usual one first. A base model has no base model; neither it nor an upload has style images. */
function useChoices(
  model: string,
  { isBase, hasStyle }: Pick<Chosen, 'isBase' | 'hasStyle'>,
): Record<'models' | 'others' | 'sets' | 'references', Option[]> {
  const client = useClient();
  const { data: sets = [] } = useQuery({ queryKey: ['prompt-sets'], queryFn: () => takeAll(client.promptSets.list({ limit: 100 })) });
  const datasets = useDatasets().data ?? [];
  const models = useModels().map(({ id, label }): Option => [id, label]);
  return {
    models,
    others: [...(isBase ? [] : [['base', 'Its base model'] as const]), ['', 'Nothing'], ...models.filter(([id]) => id !== model)],
    sets: [
      ['', "The base model's set"],
      ...sets.map(({ id, name, version, prompt_count: count }): Option => [id, `${name}, version ${version} (${plural(count, 'prompt')})`]),
    ],
    references: [
      ['', hasStyle ? "The job's style images" : 'None: only the CLIP score'],
      ...datasets.map(({ id, name }): Option => [id, name]),
    ],
  };
}

type Props = { model: string; prompts: string; onClose(): void };

export function NewEvaluation({ model: initial, prompts, onClose }: Props): ReactElement {
  const models = useModels();
  const [chosen, setModel] = useState(initial);
  const model = chosen || models[0]?.id || '';
  const { kind, hasStyleImages: hasStyle } = modelOf(models, model);
  const isBase = kind === 'base';
  const [other, setOther] = useState('base');
  const [set, setSet] = useState(prompts);
  const [reference, setReference] = useState('');
  const choices = useChoices(model, { isBase, hasStyle });
  const request = requestOf({ model, isBase, hasStyle, other, set, reference });
  const create = useStart(request);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title="New evaluation" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <SelectField id="eval-model" label="Model" value={model} onValue={setModel} options={choices.models} />
        <SelectField
          id="eval-other"
          label="Compare with"
          value={isBase && other === 'base' ? '' : other}
          onValue={setOther}
          options={choices.others}
        />
        <SelectField id="eval-prompts" label="Prompts" value={set} onValue={setSet} options={choices.sets} />
        <SelectField
          {...{ id: 'eval-reference', label: 'Reference images', value: reference, onValue: setReference }}
          options={choices.references}
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

type Chosen = { model: string; isBase: boolean; hasStyle: boolean; other: string; set: string; reference: string };

const requestOf = ({ model, isBase, hasStyle, other, set, reference }: Chosen): EvaluationCreateParams =>
  ({
    model,
    metrics: reference || hasStyle ? ['kid', 'clip'] : ['clip'],
    ...(set && { prompts: set }),
    ...(reference && { reference_dataset_id: reference }),
    ...(other && !(isBase && other === 'base') && { compare_with: [other] }),
  }) as EvaluationCreateParams;
