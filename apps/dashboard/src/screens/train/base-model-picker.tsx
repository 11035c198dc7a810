// Chooses base model and method, with what decides between base models: resolution, size, licence.
import type { BaseModel } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { bytes } from '../../data/format.ts';
import { METHODS } from '../../data/jobs.ts';
import { errorAt, getAt } from '../../data/training-draft.ts';
import type { FormPart } from './part.ts';

/** The ones that need nothing but a style set and an Aux set. */
const OFFERED = ['single-styleforge', 'multi-styleforge', 'dreambooth'];

export function BaseModelPicker({ models, draft, change, check }: FormPart & { models: BaseModel[] }): ReactElement {
  const model = models.find(({ name }) => name === draft.base_model);
  const methods = OFFERED.includes(draft.method) ? OFFERED : [...OFFERED, draft.method];
  const error = errorAt(check, ['base_model']);
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
        <select id="method" className="select" value={draft.method} onChange={(event) => change(['method'], event.target.value)}>
          {methods.map((name) => (
            <option key={name} value={name}>
              {METHODS[name] ?? name}
            </option>
          ))}
        </select>
        <span className="help">
          Single-StyleForge binds one word to the whole style; Multi-StyleForge one each to people and backgrounds.
        </span>
        {errorAt(check, ['method']) && <span className="error">{errorAt(check, ['method'])}</span>}
      </div>
      <div className="field">
        <label htmlFor="job-name">Name</label>
        <input
          id="job-name"
          className="input"
          value={String(getAt(draft, ['metadata', 'name']) ?? '')}
          maxLength={200}
          onChange={(event) => change(['metadata', 'name'], event.target.value || undefined)}
        />
        <span className="help">For you; it changes nothing.</span>
      </div>
    </section>
  );
}
