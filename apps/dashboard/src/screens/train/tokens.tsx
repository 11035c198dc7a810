// The word that stands for the style in prompts, one for each component.
import type { ReactElement } from 'react';
import { type Draft, errorAt, getAt, withPlaceholders } from '../../data/training-draft.ts';
import { TextField } from '../../ui/fields.tsx';
import type { FormPart } from './part.ts';

type Component = { name: string; token?: string; prompt?: string };

/** The components of a method that has several; the others have one of all images. */
const COMPONENTS: Partial<Record<Draft['method'], string[]>> = { 'multi-styleforge': ['person', 'background'] };
const PATH = ['style_ref', 'components'];

/** The prompt keeps its words; the old token in it becomes `[V]`. */
export function withToken({ name, token: before, prompt }: Component, token: string): Component {
  return {
    name,
    ...(token !== '' && { token }),
    ...(prompt !== undefined && { prompt: withPlaceholders(prompt, [{ name, token: before }]) }),
  };
}

export function Tokens({ draft, change, check }: FormPart): ReactElement {
  const asked = getAt(draft, PATH) as Component[] | undefined;
  const components = asked ?? (COMPONENTS[draft.method] ?? ['all']).map((name): Component => ({ name }));
  const set = (index: number, token: string) => {
    const next = components.map((one, at) => (at === index ? withToken(one, token) : one));
    change(PATH, next.every(({ token: own, prompt }) => own === undefined && prompt === undefined) ? undefined : next);
  };
  const errorOf = (index: number) => {
    const field = (name: string) => errorAt(check, [...PATH, String(index), name]);
    return field('token') ?? field('prompt') ?? (index === 0 ? errorAt(check, PATH) : undefined);
  };
  return (
    <>
      {components.map(({ name, token = '' }, index) => (
        <TextField
          key={name}
          id={`token-${index}`}
          label={components.length > 1 ? `Token of ${name}` : 'Token'}
          placeholder="default"
          value={token}
          onValue={(word) => set(index, word.trim())}
          error={errorOf(index)}
          help={
            index === 0
              ? 'Prompts use this word for the style; [V] stands for it. Choose a word that has no meaning yet, such as zwx.'
              : undefined
          }
        />
      ))}
    </>
  );
}
