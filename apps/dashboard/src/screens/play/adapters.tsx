// LoRAs and other adaptations on top of the model, each with its weight.
import type { ReactElement } from 'react';
import { type Model, modelOf } from '../../data/models.ts';
import { Icon } from '../../ui/icons.tsx';

type Chosen = { model: string; strength: number };
type Props = { models: Model[]; chosen: Chosen[]; onChoose(chosen: Chosen[]): void };

const MOST = 8;

export function Adapters({ models, chosen, onChoose }: Props): ReactElement | null {
  const adapted = models.filter(({ isAdapter }) => isAdapter);
  const free = adapted.filter(({ id }) => !chosen.some(({ model }) => model === id));
  if (adapted.length === 0) return null;
  const weigh = (model: string, strength: number) => onChoose(chosen.map((one) => (one.model === model ? { model, strength } : one)));
  return (
    <fieldset className="stack">
      <legend className="label">LoRAs and embeddings on top</legend>
      {chosen.map(({ model, strength }) => (
        <div key={model} className="field">
          <label htmlFor={`adapter-${model}`}>
            {modelOf(models, model).label} <span className="num">{strength.toFixed(2)}</span>
          </label>
          <div className="row nowrap">
            <input
              id={`adapter-${model}`}
              type="range"
              min={-1}
              max={2}
              step={0.05}
              value={strength}
              onChange={(event) => weigh(model, Number(event.target.value))}
            />
            <button
              type="button"
              className="button quiet small icon"
              aria-label={`Remove ${modelOf(models, model).label}`}
              onClick={() => onChoose(chosen.filter((one) => one.model !== model))}
            >
              <Icon name="close" size={15} />
            </button>
          </div>
        </div>
      ))}
      {free.length > 0 && chosen.length < MOST && (
        <select
          className="select"
          aria-label="Add an adaptation"
          value=""
          onChange={(event) => onChoose([...chosen, { model: event.target.value, strength: 1 }])}
        >
          <option value="">Add</option>
          {free.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  );
}
