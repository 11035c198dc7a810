// Area to drop files on, with a button that opens the file chooser.
import type { DragEvent, ReactElement, ReactNode } from 'react';
import { useRef, useState } from 'react';
import { Icon, type IconName } from './icons.tsx';

// A file that misses the area would replace the page.
for (const name of ['dragover', 'drop'] as const)
  addEventListener(name, (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });

interface DropAreaProps {
  icon: IconName;
  label: string;
  /** File endings, separated by commas. */
  accept: string;
  /** Text of the button. */
  choose: string;
  onDrop(dropped: DataTransfer): void;
  onChoose(files: FileList): void;
  /** Further buttons. */
  buttons?: ReactNode;
  children?: ReactNode;
}

export function DropArea(props: DropAreaProps): ReactElement {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    props.onDrop(event.dataTransfer);
  };
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
      <Icon name={props.icon} size={26} />
      <p>{props.label}</p>
      <div className="row">
        <button type="button" className="button small" onClick={() => input.current?.click()}>
          {props.choose}
        </button>
        {props.buttons}
      </div>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={props.accept}
        onChange={({ target }) => {
          // resetting the field empties the list, and lets the same file be chosen again
          if (target.files) props.onChoose(target.files);
          target.value = '';
        }}
      />
      {props.children}
    </div>
  );
}
