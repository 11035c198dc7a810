// Button that shows the page's action as requests to the API, in several languages.
import type { ReactElement } from 'react';
import { useState } from 'react';
import type { CodeChoice } from '../data/calls.ts';
import { later } from './later.tsx';

const CodeDialog = later(async () => (await import('./code-dialog.tsx')).CodeDialog, null);

export function CopyAsCode({ choices, isQuiet = false }: { choices: CodeChoice[]; isQuiet?: boolean }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={`button ${isQuiet ? 'quiet small' : ''}`} onClick={() => setOpen(true)}>
        Copy as code
      </button>
      {isOpen && <CodeDialog choices={choices} onClose={() => setOpen(false)} />}
    </>
  );
}
