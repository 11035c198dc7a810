// Settings that can be folded away; says how many are changed, and whether one is wrong.
import type { ReactElement, ReactNode } from 'react';
import { useState } from 'react';

type Props = { name: string; changed: number; isOpen?: boolean; isWrong: boolean; children: ReactNode };

export function Group({ name, changed, isOpen = false, isWrong, children }: Props): ReactElement {
  const [isShown, setShown] = useState(isOpen);
  return (
    <details className="card group" open={isShown || isWrong} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <strong>{name}</strong>
        {changed > 0 && <span className="pill warn">{changed} changed</span>}
        {isWrong && <span className="pill bad">Not valid</span>}
      </summary>
      <div className="form-grid">{children}</div>
    </details>
  );
}
