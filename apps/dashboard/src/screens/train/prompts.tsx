// Sample images while training, and the evaluation afterwards.
import type { ReactElement } from 'react';
import { useModels } from '../../data/models.ts';
import { problemsAt } from '../../data/problems.ts';
import { usualSamples } from '../../data/samples-while-training.ts';
import { errorAt, getAt, linesOf } from '../../data/training-draft.ts';
import { type Option, SelectField, TextField } from '../../ui/fields.tsx';
import type { FormPart } from './part.ts';

export function Prompts(part: FormPart): ReactElement {
  const { draft, change, defaults } = part;
  const prompts = getAt(draft, ['validation', 'prompts']) as string[] | undefined;
  const toggle = (isOn: boolean) => change(['validation'], isOn ? usualSamples(draft, defaults) : undefined);
  const isEvaluated = draft.evaluation !== undefined && draft.evaluation !== null;
  return (
    <section className="card stack">
      <label className="check">
        <input type="checkbox" checked={prompts !== undefined} onChange={(event) => toggle(event.target.checked)} />
        <strong>Sample images while it trains</strong>
      </label>
      {prompts && <SampleFields {...part} prompts={prompts} />}
      <label className="check">
        <input
          type="checkbox"
          checked={isEvaluated}
          onChange={(event) =>
            change(['evaluation'], event.target.checked ? { compare_with: ['base'], metrics: ['kid', 'clip'] } : undefined)
          }
        />
        <strong>Evaluate the result</strong>
        <span className="small soft">with a report</span>
      </label>
      {isEvaluated && <CompareWith {...part} />}
    </section>
  );
}

/** One model for the evaluation to compare with; YAML takes several. */
function CompareWith({ draft, change, check }: FormPart): ReactElement {
  const path = ['evaluation', 'compare_with'];
  const others = useModels().filter(({ id }) => id !== draft.base_model);
  const [value = ''] = (getAt(draft, path) as string[] | undefined) ?? [];
  return (
    <SelectField
      id="compare-with"
      label="Compare with"
      value={value}
      onValue={(id) => change(path, id === '' ? [] : [id])}
      options={[['base', 'The base model'], ['', 'Nothing'], ...others.map(({ id, label }): Option => [id, label])]}
      error={problemsAt(check?.errors ?? [], '/evaluation/compare_with')}
    />
  );
}

const SAMPLE_NUMBERS: [name: string, label: string, least: number][] = [
  ['every_steps', 'Steps between samples', 1],
  ['num_images', 'Images for each prompt', 1],
  ['seed', 'Seed of the samples', 0],
];

function SampleFields({ draft, change, check, prompts }: FormPart & { prompts: string[] }): ReactElement {
  const problem = problemsAt(check?.errors ?? [], '/validation/prompts');
  return (
    <div className="form-grid">
      <div className="field wide">
        <label htmlFor="prompts">Prompts, one per line</label>
        <textarea
          id="prompts"
          className="textarea"
          rows={Math.min(8, prompts.length + 1)}
          defaultValue={prompts.join('\n')}
          key={prompts.length}
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : 'prompts-error'}
          onBlur={(event) => change(['validation', 'prompts'], linesOf(event.target.value))}
        />
        <span className="help">
          <code>[V]</code> stands for the token of the style.
        </span>
        {problem && (
          <span id="prompts-error" className="error">
            {problem}
          </span>
        )}
      </div>
      {SAMPLE_NUMBERS.map(([name, label, least]) => (
        <TextField
          key={name}
          {...{ id: `sample-${name}`, label, type: 'number', min: least, placeholder: String(least) }}
          value={String(getAt(draft, ['validation', name]) ?? '')}
          onValue={(text) => change(['validation', name], text === '' ? undefined : Number(text))}
          error={errorAt(check, ['validation', name])}
        />
      ))}
    </div>
  );
}
