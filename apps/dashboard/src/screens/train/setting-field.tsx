// One setting: its value, default, range and help, a mark if it was changed, and a reset.
import type { ReactElement, ReactNode } from 'react';
import type { Setting } from '../../data/settings-schema.ts';
import { type Draft, errorAt, getAt } from '../../data/training-draft.ts';
import type { FormPart } from './part.ts';

const show = (value: unknown) => (value === null ? 'none' : value === true ? 'on' : value === false ? 'off' : String(value ?? '–'));

interface FrameProps {
  id: string;
  name: string;
  help: string;
  error: string | undefined;
  /** Restores the default of a setting that is changed. */
  onReset: (() => void) | undefined;
  children: ReactNode;
}

export function SettingFrame({ id, name, help, error, onReset, children }: FrameProps): ReactElement {
  return (
    <div className="field setting" data-changed={onReset !== undefined}>
      <div className="row-apart">
        <label htmlFor={id} className="mono">
          {name}
          {onReset && <span className="visually-hidden"> (changed)</span>}
        </label>
        {onReset && (
          <button type="button" className="button quiet small reset" onClick={onReset}>
            Reset
          </button>
        )}
      </div>
      {children}
      {error && <span className="error">{error}</span>}
      <span className="help">{help}</span>
    </div>
  );
}

export const isChanged = (draft: Draft, { path, initial }: Setting): boolean => ![undefined, initial].includes(getAt(draft, path));

export function SettingField({ setting, draft, change, check, defaults }: FormPart & { setting: Setting }): ReactElement {
  const { name, path, range, help, initial } = setting;
  const fallback = 'usual' in setting ? setting.usual : defaults[name];
  const error = errorAt(check, path);
  const changed = isChanged(draft, setting);
  const id = `setting-${name}`;
  const set = (value: unknown) => change(path, value === undefined ? initial : value);
  return (
    <SettingFrame
      {...{ id, name, error }}
      onReset={changed ? () => set(undefined) : undefined}
      help={`${help && `${help}. `.replace('.. ', '. ')}Default ${show(fallback)}${range && `; ${range}`}`}
    >
      <Control
        {...{ id, setting, fallback }}
        value={changed ? getAt(draft, path) : undefined}
        isWrong={error !== undefined}
        onChange={set}
      />
    </SettingFrame>
  );
}

type ControlProps = { id: string; setting: Setting; value: unknown; fallback: unknown; isWrong: boolean; onChange(value: unknown): void };

function Control({ id, setting, value, fallback, isWrong, onChange }: ControlProps): ReactElement {
  const { kind, choices, titles, isNullable } = setting;
  const common = { id, 'aria-invalid': isWrong };
  if (kind === 'choices') return <Choices {...{ setting, value, onChange }} />;
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
            {kind === 'boolean' ? show(option === 'true') : (titles?.[option] ?? option)}
          </option>
        ))}
      </select>
    );
  }
  const read = (text: string) => {
    if (text === '') return undefined;
    if (isNullable && text === 'none') return null;
    // A value that is not a number is sent unchanged, so that the service reports the error.
    return kind === 'text' || Number.isNaN(Number(text)) ? text : Number(text);
  };
  const mode = kind === 'text' ? 'text' : 'decimal';
  return <Input {...common} value={value} inputMode={mode} placeholder={show(fallback)} onText={(text) => onChange(read(text.trim()))} />;
}

function Choices({ setting, value, onChange }: Pick<ControlProps, 'setting' | 'value' | 'onChange'>): ReactElement {
  const chosen = (value as string[] | undefined) ?? [];
  const choose = (name: string, isChosen: boolean) => {
    const next = setting.choices.filter((one) => (one === name ? isChosen : chosen.includes(one)));
    onChange(next.length === 0 ? undefined : next);
  };
  return (
    <div role="group" aria-label={setting.name}>
      {setting.choices.map((name) => (
        <label key={name} className="check">
          <input type="checkbox" checked={chosen.includes(name)} onChange={(event) => choose(name, event.target.checked)} />
          <span className="mono">{name}</span>
        </label>
      ))}
    </div>
  );
}

interface InputProps {
  id: string;
  'aria-invalid': boolean;
  inputMode: 'text' | 'decimal';
  value: unknown;
  placeholder: string;
  onText(text: string): void;
}

/** Keeps what is typed, which need not be valid yet. */
function Input(props: InputProps): ReactElement {
  const { value, placeholder, onText, ...rest } = props;
  const text = value === undefined ? '' : value === null ? 'none' : String(value);
  return (
    <input
      {...rest}
      key={text === '' ? 'default' : 'changed'}
      className="input num"
      placeholder={placeholder}
      defaultValue={text}
      autoFocus={text !== '' && document.activeElement?.id === rest.id}
      onChange={(event) => onText(event.target.value)}
    />
  );
}
