// What belongs to the chosen method: what is trained, the words of StyleDrop and its candidates, Aux images that the base model makes.
import type { ReactElement, ReactNode } from 'react';
import { type Draft, errorAt, getAt, hasRounds, METHODS_WITH_AUX } from '../../data/training-draft.ts';
import type { FormPart } from './part.ts';

const ADAPTATIONS: Readonly<Record<string, string>> = {
  full: 'All weights',
  lora: 'A LoRA',
  'textual-inversion': 'An embedding',
  'custom-diffusion': 'Keys and values (Custom Diffusion)',
  adapter: 'Adapters (StyleDrop)',
  'pivotal-tuning': 'New words and a LoRA',
};
/** The adaptations that a method takes, its default first. Absent: it takes any of them. */
const FIXED: Partial<Record<Draft['method'], Readonly<Record<string, true>>>> = {
  lora: { lora: true },
  'b-lora': { lora: true },
  'textual-inversion': { 'textual-inversion': true },
  'custom-diffusion': { 'custom-diffusion': true },
  'pivotal-tuning': { 'pivotal-tuning': true },
  styledrop: { adapter: true, lora: true },
};
/** The settings of an adaptation that are worth a field; YAML has all of them. */
const FIELDS: Record<string, [name: string, label: string, usual: string][]> = {
  lora: [
    ['rank', 'Rank', '16'],
    ['alpha', 'Alpha', 'same as the rank'],
  ],
  'textual-inversion': [
    ['vectors', 'Vectors of each token', '1'],
    ['initial_word', 'Initial word', 'style'],
  ],
  'custom-diffusion': [['initial_word', 'Initial word', 'style']],
  adapter: [['bottleneck', 'Bottleneck', 'of the method']],
};

export function MethodFields(part: FormPart): ReactElement {
  const { draft, change, check } = part;
  const kinds = Object.keys(FIXED[draft.method] ?? ADAPTATIONS);
  const kind = String(getAt(draft, ['adaptation', 'kind']) ?? kinds[0]);
  const choose = (next: string) => change(['adaptation'], next === kinds[0] ? undefined : { kind: next });
  return (
    <section className="card form-grid" aria-label="Method">
      <Field id="adaptation" label="What is trained" error={errorAt(check, ['adaptation']) ?? errorAt(check, ['adaptation', 'kind'])}>
        <select
          id="adaptation"
          className="select"
          value={kind}
          disabled={kinds.length === 1}
          onChange={(event) => choose(event.target.value)}
        >
          {Object.entries(ADAPTATIONS)
            .filter(([name]) => kinds.includes(name))
            .map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
        </select>
        <span className="help">Everything except “all weights” gives a small file that is used together with the base model.</span>
      </Field>
      {FIELDS[kind]?.map(([name, label, usual]) => (
        <AdaptationField key={name} name={name} label={label} usual={usual} kind={kind} part={part} />
      ))}
      {hasRounds(draft.method) && <StyleDrop {...part} />}
      {!METHODS_WITH_AUX.includes(draft.method) && !hasRounds(draft.method) && <PriorPreservation {...part} />}
    </section>
  );
}

type FieldProps = { id: string; label: string; error?: string | undefined; children: ReactNode };

function Field({ id, label, error, children }: FieldProps): ReactElement {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error && <span className="error">{error}</span>}
    </div>
  );
}

type AdaptationProps = { name: string; label: string; usual: string; kind: string; part: FormPart };

function AdaptationField({ name, label, usual, kind, part: { draft, change, check } }: AdaptationProps): ReactElement {
  const path = ['adaptation', name];
  const read = (text: string) => (text.trim() === '' ? undefined : Number.isNaN(Number(text)) ? text : Number(text));
  const set = (text: string) =>
    change(['adaptation'], { ...(getAt(draft, ['adaptation']) as object | undefined), kind, [name]: read(text) });
  const error = errorAt(check, path);
  return (
    <Field id={`adaptation-${name}`} label={label} error={error}>
      <input
        id={`adaptation-${name}`}
        className="input"
        placeholder={usual}
        aria-invalid={error !== undefined}
        value={String(getAt(draft, path) ?? '')}
        onChange={(event) => set(event.target.value)}
      />
    </Field>
  );
}

function StyleDrop({ draft, change, check }: FormPart): ReactElement {
  const hasCandidates = getAt(draft, ['styledrop', 'candidates']) !== undefined;
  return (
    <>
      <Field id="styledrop-style" label="Descriptor of the style" error={errorAt(check, ['styledrop', 'style'])}>
        <input
          id="styledrop-style"
          className="input"
          placeholder="zwx"
          value={String(getAt(draft, ['styledrop', 'style']) ?? '')}
          onChange={(event) => change(['styledrop', 'style'], event.target.value || undefined)}
        />
        <span className="help">It is part of every prompt, such as “watercolor painting”.</span>
      </Field>
      <label className="check">
        <input
          type="checkbox"
          checked={hasCandidates}
          onChange={(event) => change(['styledrop', 'candidates'], event.target.checked ? {} : undefined)}
        />
        <span>
          <strong>Candidates to choose from</strong> <span className="small soft">for a second round on the ones you keep</span>
        </span>
      </label>
    </>
  );
}

function PriorPreservation({ draft, change }: FormPart): ReactElement {
  const isOn = getAt(draft, ['prior_preservation']) !== undefined && getAt(draft, ['prior_preservation']) !== null;
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={(event) => change(['prior_preservation'], event.target.checked ? {} : undefined)} />
      <span>
        <strong>Prior preservation</strong> <span className="small soft">the base model generates the Aux images itself</span>
      </span>
    </label>
  );
}
