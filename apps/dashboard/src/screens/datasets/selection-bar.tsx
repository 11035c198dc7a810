// Actions on the chosen images: component, exclude, delete.
import type { DatasetImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import type { DatasetEdit } from '../../data/dataset-edit.ts';
import { plural } from '../../data/format.ts';
import type { Selection } from '../../ui/selection.ts';

type Props = { selection: Selection; shown: DatasetImage[]; components: string[]; edit: DatasetEdit };

export function SelectionBar({ selection, shown, components, edit }: Props): ReactElement | null {
  const chosen = shown.filter(({ id }) => selection.ids.has(id));
  const ids = chosen.map(({ id }) => id);
  if (shown.length === 0) return null;
  const areAllOut = chosen.length > 0 && chosen.every(({ excluded }) => excluded);
  return (
    <div className="row selection-bar" role="toolbar" aria-label="Chosen images">
      <button
        type="button"
        className="button small"
        onClick={() => selection.set(ids.length === shown.length ? [] : shown.map(({ id }) => id))}
      >
        {ids.length === shown.length ? 'Clear selection' : 'Select all'}
      </button>
      <span className="small num">{plural(ids.length, 'image')} chosen</span>
      {ids.length > 0 && (
        <>
          {components.map((name, index) => (
            <button key={name} type="button" className="button small" onClick={() => edit.component(ids, name)}>
              <kbd>{index + 1}</kbd> {name}
            </button>
          ))}
          <OtherComponent onComponent={(name) => edit.component(ids, name)} />
          <button type="button" className="button small" onClick={() => edit.component(ids, null)}>
            <kbd>0</kbd> no component
          </button>
          <button type="button" className="button small" onClick={() => edit.exclude(ids, !areAllOut)}>
            <kbd>x</kbd> {areAllOut ? 'train on them' : 'exclude'}
          </button>
          <button
            type="button"
            className="button small danger"
            onClick={() => {
              edit.remove(chosen);
              selection.set([]);
            }}
          >
            Delete
          </button>
        </>
      )}
    </div>
  );
}

function OtherComponent({ onComponent }: { onComponent(name: string): void }): ReactElement {
  const [name, setName] = useState('');
  return (
    <form
      className="row nowrap"
      onSubmit={(event) => {
        event.preventDefault();
        if (name !== '') onComponent(name);
        setName('');
      }}
    >
      <input
        className="input component-input"
        aria-label="Another component"
        placeholder="another component"
        pattern="[a-z0-9][a-z0-9_\-]{0,62}"
        title="Lower-case letters, digits, hyphens, underscores"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </form>
  );
}
