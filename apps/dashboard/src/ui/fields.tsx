// Form fields: a label, an input or a choice, and a help or error text.
import type { InputHTMLAttributes, ReactElement, ReactNode, TextareaHTMLAttributes } from 'react';

interface Field {
  id: string;
  label: ReactNode;
  value: string;
  onValue(value: string): void;
  help?: ReactNode;
  error?: string | undefined;
}

type Own<Attributes> = Field & Omit<Attributes, 'id' | 'value' | 'onChange'>;

const describedBy = ({ id, help, error }: Pick<Field, 'id' | 'help' | 'error'>): string | undefined =>
  error ? `${id}-error` : help ? `${id}-help` : undefined;

function Frame({ id, label, help, error, children }: Omit<Field, 'value' | 'onValue'> & { children: ReactNode }): ReactElement {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error && (
        <span id={`${id}-error`} className="error">
          {error}
        </span>
      )}
      {help && (
        <span id={`${id}-help`} className="help">
          {help}
        </span>
      )}
    </div>
  );
}

export function TextField({ label, onValue, help, error, ...input }: Own<InputHTMLAttributes<HTMLInputElement>>): ReactElement {
  const { id } = input;
  return (
    <Frame {...{ id, label, help, error }}>
      <input
        className="input"
        dir="auto"
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={describedBy({ id, help, error })}
        {...input}
        onChange={(event) => onValue(event.target.value)}
      />
    </Frame>
  );
}

export function LinesField({ label, onValue, help, error, ...area }: Own<TextareaHTMLAttributes<HTMLTextAreaElement>>): ReactElement {
  const { id } = area;
  return (
    <Frame {...{ id, label, help, error }}>
      <textarea
        className="textarea"
        dir="auto"
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={describedBy({ id, help, error })}
        {...area}
        onChange={(event) => onValue(event.target.value)}
      />
    </Frame>
  );
}

export type Option = readonly [value: string, text: string];

export function SelectField({ id, label, value, onValue, options, help, error }: Field & { options: readonly Option[] }): ReactElement {
  return (
    <Frame {...{ id, label, help, error }}>
      <select
        id={id}
        className="select"
        value={value}
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={describedBy({ id, help, error })}
        onChange={(event) => onValue(event.target.value)}
      >
        <Options options={options} />
      </select>
    </Frame>
  );
}

/** A choice without a visible label, in a row of filters. */
export function FilterChoice({
  label,
  value,
  onValue,
  options,
}: Omit<Field, 'id' | 'label'> & { label: string; options: readonly Option[] }): ReactElement {
  return (
    <select className="select filter-choice" aria-label={label} value={value} onChange={(event) => onValue(event.target.value)}>
      <Options options={options} />
    </select>
  );
}

function Options({ options }: { options: readonly Option[] }): ReactElement[] {
  return options.map(([name, text]) => (
    <option key={name} value={name}>
      {text}
    </option>
  ));
}

export function SearchField({
  label,
  placeholder,
  value,
  onValue,
}: Omit<Field, 'id' | 'label'> & { label: string; placeholder: string }): ReactElement {
  return (
    <input
      className="input search"
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={(event) => onValue(event.target.value)}
    />
  );
}
