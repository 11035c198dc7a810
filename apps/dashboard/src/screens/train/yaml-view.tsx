// The request as YAML. Valid edits appear in the form immediately.
import type { ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';
import { parse, stringify } from 'yaml';
import type { Check, Draft } from '../../data/training-draft.ts';

export function YamlView({ draft, onDraft, check }: { draft: Draft; onDraft(draft: Draft): void; check: Check | undefined }): ReactElement {
  const [text, setText] = useState(() => stringify(draft));
  const [problem, setProblem] = useState('');
  const own = useRef(draft);
  useEffect(() => {
    // The draft was changed outside of this editor.
    if (draft !== own.current) setText(stringify(draft));
  }, [draft]);
  const type = (next: string) => {
    setText(next);
    try {
      const read: unknown = parse(next);
      if (read === null || typeof read !== 'object' || Array.isArray(read)) throw new Error('The request must be a mapping of settings.');
      own.current = read as Draft;
      setProblem('');
      onDraft(own.current);
    } catch (error) {
      setProblem(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  };
  return (
    <div className="field">
      <label htmlFor="yaml">Request as YAML</label>
      <textarea
        id="yaml"
        className="textarea mono"
        rows={Math.max(18, text.split('\n').length + 1)}
        spellCheck={false}
        value={text}
        aria-invalid={problem !== ''}
        onChange={(event) => type(event.target.value)}
      />
      {problem && <span className="error">{problem}</span>}
      {check?.errors.map(({ pointer, detail }) => (
        <span key={pointer} className="error">
          <code>{pointer}</code>: {detail}
        </span>
      ))}
    </div>
  );
}
