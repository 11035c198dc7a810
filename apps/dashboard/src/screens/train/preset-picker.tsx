// Presets: those of the service, and the user's own.
import type { TrainingPreset } from '@styleforge/sdk';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { changePreferences, type OwnPreset, usePreferences } from '../../data/preferences.ts';
import { usePresets } from '../../data/presets.ts';
import type { Draft } from '../../data/training-draft.ts';
import { Failure } from '../../ui/parts.tsx';

type Choice = { name: string; request: TrainingPreset['request'] };
type Props = { draft: Draft; chosen: string; onChoose(preset: Choice): void };

/** Keeps only settings: images, words and names do not belong to a preset. */
const settingsOf = ({ adaptation, hyperparameters, validation, evaluation, early_stopping: early }: Draft): OwnPreset['request'] => ({
  ...(adaptation && { adaptation }),
  hyperparameters,
  ...(validation && { validation }),
  ...(evaluation && { evaluation }),
  ...(early && { early_stopping: early }),
});

export function PresetPicker({ draft, chosen, onChoose }: Props): ReactElement {
  const { data, error } = usePresets(draft.method, draft.base_model);
  const { ownPresets } = usePreferences();
  if (error) return <Failure error={error} what="Presets" />;
  const own = ownPresets.map(({ name, request }) => ({
    ...{ name: `own ${name}`, title: name, description: 'Saved in this browser.' },
    request: request as TrainingPreset['request'],
  }));
  return (
    <fieldset className="stack">
      <legend>
        <h2>Preset</h2>
      </legend>
      <div className="presets">
        {[...(data ?? []), ...own].map((preset) => (
          <label key={preset.name} className="card kind-card" data-chosen={preset.name === chosen}>
            <span className="row">
              <input type="radio" name="preset" checked={preset.name === chosen} onChange={() => onChoose(preset)} />
              <strong>{preset.title}</strong>
            </span>
            <span className="small soft">{preset.description}</span>
          </label>
        ))}
      </div>
      <SavePreset draft={draft} known={ownPresets} />
    </fieldset>
  );
}

function SavePreset({ draft, known }: { draft: Draft; known: OwnPreset[] }): ReactElement {
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') return;
    const preset = { name: name.trim(), request: settingsOf(draft) };
    changePreferences({ ownPresets: [...known.filter((one) => one.name !== preset.name), preset] });
    setName('');
  };
  return (
    <form className="row" onSubmit={submit}>
      <input
        className="input component-input"
        aria-label="Name of my preset"
        placeholder="Name of my preset"
        maxLength={60}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" className="button small" disabled={name.trim() === ''}>
        Save as my preset
      </button>
    </form>
  );
}
