// Shows a component in the test's own page, with the dashboard's styles.
import type { ReactElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { flushSync } from 'react-dom';
import '../src/styles/index.css';

let root: Root | undefined;

/** Takes the place of what was shown before. */
export function show(element: ReactElement): HTMLElement {
  root?.unmount();
  document.body.replaceChildren();
  const frame = document.createElement('main');
  document.body.append(frame);
  root = createRoot(frame);
  flushSync(() => root?.render(element));
  return frame;
}

/** The same component with other properties. */
export function update(element: ReactElement): void {
  flushSync(() => root?.render(element));
}
