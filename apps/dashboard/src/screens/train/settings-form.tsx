// Every setting, in groups: its default, range and help, a mark if it was changed, and a reset.
import type { ReactElement } from 'react';
import { type Setting, type SettingGroup, useSettingsSchema } from '../../data/settings-schema.ts';
import { errorAt, getAt } from '../../data/training-draft.ts';
import { Failure, Loading } from '../../ui/parts.tsx';
import type { FormPart } from './part.ts';

const show = (value: unknown) => (value === null ? 'none' : value === true ? 'on' : value === false ? 'off' : String(value ?? '–'));

export function SettingsForm(part: FormPart): ReactElement {
  const { data: groups, error } = useSettingsSchema();
  return (
    <section className="stack">
      <h2>Settings</h2>
      {error && <Failure error={error} what="The settings" />}
      {!groups && !error && <Loading />}
      {groups?.map((group, index) => (
        <Group key={group.name} group={group} isOpen={index === 0} {...part} />
      ))}
    </section>
  );
}

function Group({ group, isOpen, ...part }: FormPart & { group: SettingGroup; isOpen: boolean }): ReactElement {
  const isChanged = ({ name }: Setting) => getAt(part.draft, ['hyperparameters', name]) !== undefined;
  const changed = group.settings.filter(isChanged).length;
  const wrong = group.settings.some(({ name }) => errorAt(part.check, ['hyperparameters', name]));
  return (
    <details className="card group" open={isOpen || wrong || undefined}>
      <summary>
        <strong>{group.name}</strong>
        {changed > 0 && <span className="pill warn">{changed} changed</span>}
        {wrong && <span className="pill bad">Not valid</span>}
      </summary>
      <div className="form-grid">
        {group.settings.map((setting) => (
          <SettingField key={setting.name} setting={setting} {...part} />
        ))}
      </div>
    </details>
  );
}

function SettingField({ setting, draft, change, check, defaults }: FormPart & { setting: Setting }): ReactElement {
  const { name, range, help } = setting;
  const path = ['hyperparameters', name];
  const value = getAt(draft, path);
  const error = errorAt(check, path);
  const isChanged = value !== undefined;
  const id = `setting-${name}`;
  return (
    <div className="field setting" data-changed={isChanged}>
      <div className="row-apart">
        <label htmlFor={id} className="mono">
          {name}
          {isChanged && <span className="visually-hidden"> (changed)</span>}
        </label>
        {isChanged && (
          <button type="button" className="button quiet small reset" onClick={() => change(path, undefined)}>
            Reset
          </button>
        )}
      </div>
      <Control
        id={id}
        setting={setting}
        value={value}
        fallback={defaults[name]}
        isWrong={error !== undefined}
        onChange={(next) => change(path, next)}
      />
      {error && <span className="error">{error}</span>}
      <span className="help">
        {help && `${help}. `.replace('.. ', '. ')}
        Default {show(defaults[name])}
        {range && `; ${range}`}
      </span>
    </div>
  );
}

type ControlProps = { id: string; setting: Setting; value: unknown; fallback: unknown; isWrong: boolean; onChange(value: unknown): void };

function Control({ id, setting, value, fallback, isWrong, onChange }: ControlProps): ReactElement {
  const { kind, choices, isNullable } = setting;
  const common = { id, 'aria-invalid': isWrong };
  if (kind === 'boolean' || kind === 'choice') {
    const options = kind === 'boolean' ? ['true', 'false'] : choices;
    const read = (text: string) => (text === '' ? undefined : kind === 'boolean' ? text === 'true' : text);
    return (
      <select
        {...common}
        className="select"
        value={value === undefined ? '' : String(value)}
        onChange={(event) => onChange(read(event.target.value))}
      >
        <option value="">{`Default (${show(fallback)})`}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {kind === 'boolean' ? show(option === 'true') : option}
          </option>
        ))}
      </select>
    );
  }
  // A value that is not a number is sent unchanged, so that the service reports the error.
  const read = (text: string) =>
    text.trim() === '' ? undefined : isNullable && text.trim() === 'none' ? null : Number.isNaN(Number(text)) ? text : Number(text);
  return <NumberInput {...common} value={value} placeholder={show(fallback)} onText={(text) => onChange(read(text))} />;
}

function NumberInput(props: {
  id: string;
  'aria-invalid': boolean;
  value: unknown;
  placeholder: string;
  onText(text: string): void;
}): ReactElement {
  const { value, placeholder, onText, ...rest } = props;
  const text = value === undefined ? '' : value === null ? 'none' : String(value);
  return (
    <input
      {...rest}
      key={text === '' ? 'default' : 'changed'}
      className="input num"
      inputMode="decimal"
      placeholder={placeholder}
      defaultValue={text}
      autoFocus={text !== '' && document.activeElement?.id === rest.id}
      onChange={(event) => onText(event.target.value)}
    />
  );
}
