// Chooses base model and method, with what decides between base models: resolution, size, licence.
import type { BaseModel } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { bytes } from '../../data/format.ts';
import { METHODS } from '../../data/jobs.ts';
import { type Draft, errorAt, getAt, hasRounds } from '../../data/training-draft.ts';
import type { FormPart } from './part.ts';

const ABOUT: Record<string, string> = {
  'single-styleforge': 'Learns one word for the whole style, together with Aux images.',
  'multi-styleforge': 'Learns one word for people and one for backgrounds, together with Aux images.',
  dreambooth: 'Learns one word for the style; Aux images are optional.',
  lora: 'DreamBooth, trained as a small LoRA.',
  'textual-inversion': 'Learns a new word only; the model does not change.',
  'custom-diffusion': 'Learns a new word and the attention matrices that read prompts.',
  styledrop: 'Learns adapters in two rounds: you keep the best candidates of the first.',
};

export function BaseModelPicker({ models, draft, change, check }: FormPart & { models: BaseModel[] }): ReactElement {
  const model = models.find(({ name }) => name === draft.base_model);
  const error = errorAt(check, ['base_model']);
  const chooseMethod = (name: Draft['method']) => {
    change(['method'], name);
    // They belong to the method before.
    for (const part of ['adaptation', 'styledrop', 'prior_preservation']) change([part], undefined);
    if (hasRounds(name)) change(['aux'], undefined);
    else if (draft.aux === undefined || draft.aux === null) change(['aux'], { dataset_id: '' });
  };
  return (
    <section className="card form-grid">
      <div className="field">
        <label htmlFor="base-model">Base model</label>
        <select
          id="base-model"
          className="select"
          value={draft.base_model}
          aria-invalid={error !== undefined}
          onChange={(event) => change(['base_model'], event.target.value)}
        >
          {models.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
        {error && <span className="error">{error}</span>}
        {model && (
          <span className="help">
            {model.resolution} × {model.resolution} pixels, {bytes(model.size_bytes)}. {model.description}. Licence:{' '}
            {model.license ?? 'unknown'}
          </span>
        )}
      </div>
      <div className="field">
        <label htmlFor="method">Method</label>
        <select
          id="method"
          className="select"
          value={draft.method}
          onChange={(event) => chooseMethod(event.target.value as Draft['method'])}
        >
          {Object.entries(METHODS).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        <span className="help">{ABOUT[draft.method]}</span>
        {errorAt(check, ['method']) && <span className="error">{errorAt(check, ['method'])}</span>}
      </div>
      <div className="field">
        <label htmlFor="job-name">Name</label>
        <input
          id="job-name"
          className="input"
          value={String(getAt(draft, ['name']) ?? '')}
          maxLength={200}
          onChange={(event) => change(['name'], event.target.value || undefined)}
        />
        <span className="help">Only a label; it does not affect the training.</span>
      </div>
    </section>
  );
}
