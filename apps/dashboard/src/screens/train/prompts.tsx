// Sample images while training, and the evaluation afterwards.
import type { ReactElement } from 'react';
import { readPreferences } from '../../data/preferences.ts';
import { errorAt, getAt } from '../../data/training-draft.ts';
import type { FormPart } from './part.ts';

export function Prompts(part: FormPart): ReactElement {
  const { draft, change, defaults } = part;
  const prompts = getAt(draft, ['validation', 'prompts']) as string[] | undefined;
  const steps = Number(getAt(draft, ['hyperparameters', 'max_train_steps']) ?? defaults['max_train_steps'] ?? 1000);
  const toggle = (isOn: boolean) =>
    change(
      ['validation'],
      isOn
        ? {
            prompts: readPreferences()
              .samplePrompts.split('\n')
              .filter((line) => line.trim() !== ''),
            every_steps: Math.max(1, Math.round(steps / 5)),
            seed: 42,
          }
        : undefined,
    );
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
        <span className="small soft">compared with the base model, with a report</span>
      </label>
    </section>
  );
}

function SampleFields({ draft, change, check, prompts }: FormPart & { prompts: string[] }): ReactElement {
  const every = getAt(draft, ['validation', 'every_steps']);
  const problem =
    errorAt(check, ['validation', 'prompts']) ?? check?.errors.find(({ pointer }) => pointer.startsWith('/validation/prompts'))?.detail;
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
          onBlur={(event) =>
            change(
              ['validation', 'prompts'],
              event.target.value.split('\n').filter((line) => line.trim() !== ''),
            )
          }
        />
        <span className="help">
          <code>[V]</code> stands for the token of the style.
        </span>
        {problem && <span className="error">{problem}</span>}
      </div>
      <div className="field">
        <label htmlFor="every">Steps between samples</label>
        <input
          id="every"
          className="input"
          type="number"
          min={1}
          value={String(every ?? '')}
          onChange={(event) => change(['validation', 'every_steps'], Number(event.target.value) || undefined)}
        />
        {errorAt(check, ['validation', 'every_steps']) && <span className="error">{errorAt(check, ['validation', 'every_steps'])}</span>}
      </div>
    </div>
  );
}
