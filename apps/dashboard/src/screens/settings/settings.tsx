// Theme, defaults of the forms in this browser, and the retention times of the service.
import type { ReactElement } from 'react';
import { useState } from 'react';
import { changePreferences, DEFAULTS, usePreferences } from '../../data/preferences.ts';
import { plural } from '../../data/format.ts';
import { useSweep } from '../../data/machines.ts';
import { useBaseModels } from '../../data/queries.ts';
import { useSession } from '../../data/session.ts';
import { applyTheme, readTheme, type Theme } from '../../data/theme.ts';
import { LinesField, type Option, SelectField } from '../../ui/fields.tsx';
import { PageHead, Segmented } from '../../ui/parts.tsx';

const THEMES = [
  { value: 'system', label: 'Auto' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

export function Settings(): ReactElement {
  const { me, signOut } = useSession();
  const [theme, setTheme] = useState<Theme>(readTheme);
  return (
    <>
      <PageHead title="Settings" about="These settings are stored in this browser." />
      <div className="stack-l">
        <section className="card stack">
          <h2>Theme</h2>
          <div>
            <Segmented
              label="Colors"
              value={theme}
              choices={THEMES}
              onChange={(next) => {
                applyTheme(next);
                setTheme(next);
              }}
            />
          </div>
        </section>
        <FormDefaults />
        <Presets />
        <section className="card stack">
          <h2>This session</h2>
          <p>
            Project {me.project.name}, key {me.api_key.name} ({me.api_key.scopes.join(', ')}). StyleForge {me.service.version}.
          </p>
          <Retention />
          <div>
            <button type="button" className="button" onClick={() => void signOut()}>
              Sign out of this browser
            </button>
          </div>
        </section>
      </div>
    </>
  );
}

const KEPT: Record<string, string> = {
  checkpoint: 'Older checkpoints',
  validation_images: 'Sample images',
  generated_images: 'Generated images',
  export: 'Files made for downloads',
};

/** How long the service keeps what it would otherwise fill up with. */
function Retention(): ReactElement {
  const days = useSweep().data?.kept_days ?? {};
  return (
    <>
      <dl className="facts">
        {Object.entries(days).map(([kind, count]) => (
          <div key={kind}>
            <dt>{KEPT[kind] ?? kind}</dt>
            <dd>{count === 0 ? 'always kept' : `kept for ${plural(count, 'day')}`}</dd>
          </div>
        ))}
      </dl>
      <p className="soft small">
        The newest checkpoints and every result are kept. A star keeps a checkpoint or an image; a name in Models keeps a checkpoint.
      </p>
    </>
  );
}

function FormDefaults(): ReactElement {
  const preferences = usePreferences();
  const models = useBaseModels().data ?? [];
  return (
    <section className="card stack">
      <h2>Defaults</h2>
      <div className="form-grid">
        <SelectField
          id="default-base"
          label="Base model of a new training"
          value={preferences.baseModel}
          onValue={(baseModel) => changePreferences({ baseModel })}
          options={[['', 'First installed model'], ...models.map(({ name, title }): Option => [name, title])]}
        />
        <LinesField
          rows={4}
          id="default-samples"
          label="Sample prompts of a new training, one per line"
          value={preferences.samplePrompts}
          onValue={(samplePrompts) => changePreferences({ samplePrompts })}
        />
        <LinesField
          rows={4}
          id="default-prompts"
          label="Prompts of the playground, one per line"
          value={preferences.prompts}
          onValue={(prompts) => changePreferences({ prompts })}
        />
      </div>
      <div>
        <button
          type="button"
          className="button small"
          onClick={() => changePreferences({ ...DEFAULTS, ownPresets: preferences.ownPresets })}
        >
          Reset the defaults
        </button>
      </div>
    </section>
  );
}

function Presets(): ReactElement {
  const { ownPresets } = usePreferences();
  return (
    <section className="card stack">
      <h2>My presets</h2>
      {ownPresets.length === 0 && <p className="soft">“Save as my preset” in New training keeps its settings under a name.</p>}
      <ul className="stack">
        {ownPresets.map(({ name }) => (
          <li key={name} className="row-apart">
            {name}
            <button
              type="button"
              className="button quiet small"
              aria-label={`Remove ${name}`}
              onClick={() => changePreferences({ ownPresets: ownPresets.filter((one) => one.name !== name) })}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
