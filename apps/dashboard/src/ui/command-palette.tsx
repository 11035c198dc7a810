// Command palette (Ctrl-K): opens screens, jobs, datasets and models by a few letters of their name, and runs common actions.
import type { KeyboardEvent, ReactElement } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { type Command, rank } from '../data/commands.ts';
import { Dialog } from './dialog.tsx';

const SHOWN = 12;

/** Opened by Ctrl-K or Cmd-K, and by / outside of text fields. */
export function usePaletteKey(open: () => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      const isAsked = (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !isTyping);
      if (!isAsked || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      open();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

export function CommandPalette({ commands, onClose }: { commands: Command[]; onClose(): void }): ReactElement {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = useMemo(() => rank(commands, text).slice(0, SHOWN), [commands, text]);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    if (command.run) command.run();
    else navigate(command.href!);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((at + step + found.length) % Math.max(1, found.length));
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      run(found[at]);
    }
  };
  return (
    <Dialog title="Go to" onClose={onClose}>
      <input
        className="input"
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="palette"
        aria-activedescendant={found[at] && `palette-${at}`}
        placeholder="Screen, job, dataset, model or action"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
        autoFocus
      />
      <ul id="palette" role="listbox" aria-label="Commands" className="palette">
        {found.map((command, index) => (
          <li
            key={`${command.kind} ${command.name} ${command.href ?? ''}`}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            onClick={() => run(command)}
            onMouseMove={() => setAt(index)}
          >
            <span className="clip">{command.name}</span>
            <span className="small soft">{command.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="soft">No match.</p>}
      <p className="small soft">
        <kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> closes. <kbd>Ctrl</kbd> <kbd>K</kbd> opens this from
        anywhere.
      </p>
    </Dialog>
  );
}
