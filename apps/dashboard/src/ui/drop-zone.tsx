// A place to drop files, folders and zips on; also opens the file chooser and takes images from the clipboard.
import type { DragEvent, ReactElement, ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import { chosenFiles, type DroppedFile, filesOf } from '../data/dropped-files.ts';
import { Icon } from './icons.tsx';

const ACCEPT = '.png,.jpg,.jpeg,.webp,.zip,.txt,.jsonl';

export function DropZone({
  onFiles,
  children,
  label,
}: {
  onFiles(files: DroppedFile[]): void;
  children?: ReactNode;
  label: string;
}): ReactElement {
  const [isOver, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent) => {
      if (clipboardData && clipboardData.files.length > 0) onFiles(chosenFiles(clipboardData.files));
    };
    addEventListener('paste', paste);
    return () => removeEventListener('paste', paste);
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void filesOf(event.dataTransfer).then(onFiles);
  };
  const choose = (list: FileList | null) => list && onFiles(chosenFiles(list));
  return (
    <div
      className="drop"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="images" size={26} />
      <p>{label}</p>
      <div className="row">
        <button type="button" className="button small" onClick={() => files.current?.click()}>
          Choose files
        </button>
        <button type="button" className="button small" onClick={() => folder.current?.click()}>
          Choose a folder
        </button>
      </div>
      {children}
      <input ref={files} type="file" multiple hidden accept={ACCEPT} onChange={(event) => choose(event.target.files)} />
      <input
        ref={(input) => {
          folder.current = input;
          input?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        multiple
        hidden
        onChange={(event) => choose(event.target.files)}
      />
    </div>
  );
}
