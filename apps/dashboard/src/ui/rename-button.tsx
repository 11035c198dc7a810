// Inline rename: a button opens a field, Enter stores the name, Escape cancels.
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { Icon } from './icons.tsx';

export function RenameButton({ name, onRename }: { name: string; onRename(name: string): void }): ReactElement {
  const [text, setText] = useState<string | null>(null);
  if (text === null) {
    return (
      <button type="button" className="button quiet icon" aria-label="Rename" title="Rename" onClick={() => setText(name)}>
        <Icon name="edit" />
      </button>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '' && text.trim() !== name) onRename(text.trim());
    setText(null);
  };
  return (
    <form className="row nowrap" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && setText(null)}>
      <input
        className="input"
        aria-label="New name"
        maxLength={200}
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoFocus
      />
      <button type="submit" className="button small">
        Save
      </button>
    </form>
  );
}
