// Area to drop files, folders and zip archives on; also opens the file chooser and accepts images from the clipboard.
import type { ReactElement, ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import { chosenFiles, type DroppedFile, filesOf } from '../data/dropped-files.ts';
import { DropArea } from './drop-area.tsx';

const ACCEPT = '.png,.jpg,.jpeg,.webp,.zip,.txt,.caption,.jsonl';

interface DropZoneProps {
  onFiles(files: DroppedFile[]): void;
  /** Whether an image that is pasted anywhere on the screen goes here. */
  takesPaste?: boolean;
  children?: ReactNode;
  label: string;
  /** Further buttons next to the choosers. */
  buttons?: ReactNode;
}

export function DropZone({ onFiles, takesPaste = false, children, label, buttons }: DropZoneProps): ReactElement {
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent) => {
      if (takesPaste && clipboardData && clipboardData.files.length > 0) onFiles(chosenFiles(clipboardData.files));
    };
    addEventListener('paste', paste);
    return () => removeEventListener('paste', paste);
  });
  const choose = (list: FileList) => onFiles(chosenFiles(list));
  return (
    <DropArea
      icon="images"
      label={label}
      accept={ACCEPT}
      choose="Choose files"
      onDrop={(dropped) => void filesOf(dropped).then(onFiles)}
      onChoose={choose}
      buttons={
        <>
          <button type="button" className="button small" onClick={() => folder.current?.click()}>
            Choose a folder
          </button>
          {buttons}
        </>
      }
    >
      {children}
      <input
        ref={(input) => {
          folder.current = input;
          input?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        multiple
        hidden
        onChange={({ target }) => {
          if (target.files) choose(target.files);
          target.value = '';
        }}
      />
    </DropArea>
  );
}
