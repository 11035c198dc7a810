// Changes of all shown captions at once: find and replace, words before and after, and the frequency of each tag.
import type { DatasetImage } from '@styleforge/sdk';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { type CaptionChanges, replaceIn, surround, tagCounts } from '../../data/captions.ts';
import { plural } from '../../data/format.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';

type Props = { images: DatasetImage[]; onChanges(changes: CaptionChanges): void; onSearch(words: string): void; onClose(): void };

const TAGS = 40;

export function CaptionTools({ images, onChanges, onSearch, onClose }: Props): ReactElement {
  const [find, setFind] = useState('');
  const [replace, setReplace] = useState('');
  const [matchCase, setMatchCase] = useState(false);
  const [before, setBefore] = useState('');
  const [after, setAfter] = useState('');
  const replaced = replaceIn(images, { find, replace, matchCase });
  const surrounded = before.trim() || after.trim() ? surround(images, before, after) : {};
  const changes = find !== '' ? replaced : surrounded;
  const count = Object.keys(changes).length;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChanges(changes);
    onClose();
  };
  return (
    <Dialog title={`Captions of ${plural(images.length, 'image')}`} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <div className="form-grid narrow">
          <Words id="find" label="Find" value={find} onValue={setFind} />
          <Words id="replace" label="Replace with" value={replace} onValue={setReplace} />
        </div>
        <label className="check small">
          <input type="checkbox" checked={matchCase} onChange={(event) => setMatchCase(event.target.checked)} />
          Match upper and lower case
        </label>
        <div className="form-grid narrow">
          <Words id="before" label="Before each caption" value={before} isOff={find !== ''} onValue={setBefore} />
          <Words id="after" label="After each caption" value={after} isOff={find !== ''} onValue={setAfter} />
        </div>
        <Tags images={images} onSearch={onSearch} />
        <DialogActions label={`Change ${plural(count, 'caption')}`} disabled={count === 0} onClose={onClose} />
      </form>
    </Dialog>
  );
}

type WordsProps = { id: string; label: string; value: string; isOff?: boolean; onValue(value: string): void };

function Words({ id, label, value, isOff = false, onValue }: WordsProps): ReactElement {
  return (
    <div className="field">
      <label htmlFor={`captions-${id}`}>{label}</label>
      <input id={`captions-${id}`} className="input" value={value} disabled={isOff} onChange={(event) => onValue(event.target.value)} />
    </div>
  );
}

function Tags({ images, onSearch }: Pick<Props, 'images' | 'onSearch'>): ReactElement | null {
  const tags = tagCounts(images);
  if (tags.length === 0) return null;
  return (
    <details>
      <summary className="small">{plural(tags.length, 'tag')}, by frequency</summary>
      <div className="row tag-list">
        {tags.slice(0, TAGS).map(({ tag, count }) => (
          <button key={tag} type="button" className="button small" onClick={() => onSearch(tag)}>
            {tag} <span className="num soft">{count}</span>
          </button>
        ))}
        {tags.length > TAGS && <span className="small soft">and {tags.length - TAGS} more</span>}
      </div>
    </details>
  );
}
