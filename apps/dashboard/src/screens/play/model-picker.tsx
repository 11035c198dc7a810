// Chooses up to four models.
import type { ReactElement } from 'react';
import { type Model, modelOf } from '../../data/models.ts';
import { Icon } from '../../ui/icons.tsx';

const MOST = 4;

export function ModelPicker({
  models,
  chosen,
  onChoose,
}: {
  models: Model[];
  chosen: string[];
  onChoose(ids: string[]): void;
}): ReactElement {
  const free = models.filter(({ id }) => !chosen.includes(id));
  return (
    <fieldset className="stack">
      <legend className="visually-hidden">Models</legend>
      {chosen.map((id, index) => (
        <div key={id} className="field">
          <label htmlFor={`model-${index}`}>{index === 0 ? 'Model' : `Compare with`}</label>
          <div className="row nowrap">
            <select
              id={`model-${index}`}
              className="select"
              value={id}
              onChange={(event) => onChoose(chosen.map((one, at) => (at === index ? event.target.value : one)))}
            >
              {[modelOf(models, id), ...free].map((model) => (
                <option key={model.id} value={model.id}>
                  {model.label}
                  {model.kind === 'base' ? ' (base model)' : ''}
                </option>
              ))}
            </select>
            {chosen.length > 1 && (
              <button
                type="button"
                className="button quiet small icon"
                aria-label={`Remove ${modelOf(models, id).label}`}
                onClick={() => onChoose(chosen.filter((one) => one !== id))}
              >
                <Icon name="close" size={15} />
              </button>
            )}
          </div>
        </div>
      ))}
      {chosen.length < MOST && free[0] && (
        <button type="button" className="button small" onClick={() => onChoose([...chosen, free.at(-1)!.id])}>
          Compare with another model
        </button>
      )}
    </fieldset>
  );
}
