// Form of the playground: prompts, seed, and settings of the sampler.
import type { FieldError } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { problemsAt } from '../../data/problems.ts';
import type { Model } from '../../data/models.ts';
import { readPreferences } from '../../data/preferences.ts';
import { LinesField, SelectField } from '../../ui/fields.tsx';
import { Adapters } from './adapters.tsx';
import { axisOf, GridFields, type GridRow } from './grid-fields.tsx';
import { type ChosenImage, StartingImage } from './starting-image.tsx';

export interface PlaySettings {
  prompts: string;
  negative: string;
  hasStyle: boolean;
  /** Component whose style prompts name; '' for all of the model's. */
  style: string;
  /** null: the model's default, or random. */
  seed: number | null;
  steps: number | null;
  guidance: number | null;
  sampler: string;
  count: number;
  width: number | null;
  height: number | null;
  image: ChosenImage | null;
  strength: number;
  adapters: { model: string; strength: number }[];
  grid: GridRow[];
}

export const START: PlaySettings = {
  prompts: readPreferences().prompts,
  negative: '',
  hasStyle: true,
  style: '',
  seed: 7,
  steps: null,
  guidance: null,
  sampler: '',
  count: 1,
  width: null,
  height: null,
  image: null,
  strength: 0.6,
  adapters: [],
  grid: [],
};
export const SAMPLERS = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'];

export function requestOf(settings: PlaySettings): object {
  const { negative, steps, guidance, sampler, count, width, height, image, strength, adapters, grid } = settings;
  const axes = grid.filter(({ text }) => text.trim() !== '').map(axisOf);
  return {
    ...(image && { image: image.source, strength }),
    ...(adapters.length > 0 && { adapters }),
    ...(axes[0] && { grid: { x: axes[0], ...(axes[1] && { y: axes[1] }) } }),
    ...(negative && { negative_prompt: negative }),
    ...(steps !== null && { steps }),
    ...(guidance !== null && { guidance_scale: guidance }),
    ...(sampler && { sampler }),
    ...(width !== null && { width }),
    ...(height !== null && { height }),
    num_images: count,
  };
}

interface Props {
  settings: PlaySettings;
  onSettings(settings: PlaySettings): void;
  /** Names of the styles that the chosen models have; '' for all components together. */
  styles: string[];
  models: Model[];
  /** What the service refused in the last request. */
  errors: FieldError[];
}

export function PlayForm({ settings, onSettings, styles, models, errors }: Props): ReactElement {
  const set = (change: Partial<PlaySettings>) => onSettings({ ...settings, ...change });
  return (
    <>
      <LinesField
        {...{ id: 'play-prompts', label: 'Prompts, one per line', rows: 4, value: settings.prompts }}
        onValue={(prompts) => set({ prompts })}
        error={problemsAt(errors, '/prompts')}
      />
      <StyleFields styles={styles} settings={settings} set={set} />
      <SeedAndCount settings={settings} set={set} />
      <StartingImage
        image={settings.image}
        strength={settings.strength}
        onImage={(image) => set({ image })}
        onStrength={(strength) => set({ strength })}
      />
      <Adapters models={models} chosen={settings.adapters} onChoose={(adapters) => set({ adapters })} />
      <GridFields rows={settings.grid} onRows={(grid) => set({ grid })} />
      <MoreSettings settings={settings} set={set} />
    </>
  );
}

type Change = (change: Partial<PlaySettings>) => void;

/** Whether a style prompt goes around the prompts, and of which component. */
function StyleFields({ styles, settings, set }: { styles: string[]; settings: PlaySettings; set: Change }): ReactElement | null {
  if (styles.length === 0) return null;
  return (
    <>
      <label className="check small">
        <input type="checkbox" checked={settings.hasStyle} onChange={(event) => set({ hasStyle: event.target.checked })} />
        Put each model's style prompt in front
      </label>
      {styles.length > 1 && settings.hasStyle && (
        <SelectField
          id="play-style"
          label="Style prompt of"
          value={settings.style}
          onValue={(style) => set({ style })}
          options={styles.map((name) => [name, name || 'all components'] as const)}
          help="Choose the component that your images show: one token follows prompts better, all of them bring more style."
        />
      )}
    </>
  );
}

const numeric = (text: string) => (text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text));

function SeedAndCount({ settings, set }: { settings: PlaySettings; set: Change }): ReactElement {
  return (
    <div className="form-grid narrow">
      <div className="field">
        <label htmlFor="play-seed">Seed</label>
        <div className="row nowrap">
          <input
            id="play-seed"
            className="input num"
            inputMode="numeric"
            placeholder="random"
            value={settings.seed ?? ''}
            onChange={(event) => set({ seed: numeric(event.target.value) })}
          />
          <button type="button" className="button small" onClick={() => set({ seed: Math.floor(Math.random() * 2 ** 32) })}>
            Dice
          </button>
        </div>
      </div>
      <div className="field">
        <label htmlFor="play-count">Images of each</label>
        <input
          id="play-count"
          className="input"
          type="number"
          min={1}
          max={16}
          value={settings.count}
          onChange={(event) => set({ count: Math.max(1, Number(event.target.value)) })}
        />
      </div>
    </div>
  );
}

function MoreSettings({ settings, set }: { settings: PlaySettings; set: Change }): ReactElement {
  return (
    <details>
      <summary className="small">More settings</summary>
      <div className="form-grid narrow more">
        <NumberField id="play-steps" label="Steps" value={settings.steps} onValue={(steps) => set({ steps })} />
        <NumberField id="play-guidance" label="Guidance" value={settings.guidance} onValue={(guidance) => set({ guidance })} />
        <NumberField id="play-width" label="Width" value={settings.width} onValue={(width) => set({ width })} />
        <NumberField id="play-height" label="Height" value={settings.height} onValue={(height) => set({ height })} />
        <div className="field">
          <label htmlFor="play-sampler">Sampler</label>
          <select id="play-sampler" className="select" value={settings.sampler} onChange={(event) => set({ sampler: event.target.value })}>
            <option value="">Default</option>
            {SAMPLERS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
        <div className="field wide">
          <label htmlFor="play-negative">Negative prompt</label>
          <input
            id="play-negative"
            className="input"
            value={settings.negative}
            onChange={(event) => set({ negative: event.target.value })}
          />
        </div>
      </div>
    </details>
  );
}

function NumberField({
  id,
  label,
  value,
  onValue,
}: {
  id: string;
  label: string;
  value: number | null;
  onValue(value: number | null): void;
}): ReactElement {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input num"
        type="number"
        step="any"
        min={0}
        placeholder="default"
        value={value ?? ''}
        onChange={(event) => onValue(event.target.value === '' ? null : Number(event.target.value))}
      />
    </div>
  );
}
