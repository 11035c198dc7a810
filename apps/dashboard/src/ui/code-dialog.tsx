// The dialog of "Copy as code".
import type { ReactElement } from 'react';
import { useState } from 'react';
import { type Program, programOf, programsFor } from '../data/programs.ts';
import { useClient } from '../data/session.ts';
import type { CodeChoice } from '../data/calls.ts';
import { Dialog, DialogEnd } from './dialog.tsx';
import { CopyButton, Segmented } from './parts.tsx';

export function CodeDialog({ choices, onClose }: { choices: CodeChoice[]; onClose(): void }): ReactElement {
  const { baseUrl } = useClient();
  const [at, setAt] = useState(0);
  const [wanted, setWanted] = useState<Program>('curl');
  const { calls } = choices[at]!;
  const programs = programsFor(calls);
  const kind = programs.some(({ value }) => value === wanted) ? wanted : 'curl';
  const text = programOf(kind, calls, baseUrl);
  return (
    <Dialog title="Copy as code" onClose={onClose}>
      {choices.length > 1 && (
        <select className="select" aria-label="Action" value={at} onChange={(event) => setAt(Number(event.target.value))}>
          {choices.map(({ label }, index) => (
            <option key={label} value={index}>
              {label}
            </option>
          ))}
        </select>
      )}
      <div className="row-apart">
        <Segmented label="Language" value={kind} choices={programs} onChange={setWanted} />
        <CopyButton text={text} />
      </div>
      <pre className="code" tabIndex={0}>
        {text}
      </pre>
      <DialogEnd label="Close" onClose={onClose} />
    </Dialog>
  );
}
