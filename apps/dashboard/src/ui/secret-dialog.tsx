// Dialog that shows a secret once for copying.
import type { ReactElement } from 'react';
import { Dialog, DialogEnd } from './dialog.tsx';
import { CopyButton } from './parts.tsx';

export function SecretDialog({ title, secret, onClose }: { title: string; secret: string; onClose(): void }): ReactElement {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>It is shown only once. Keep it in a safe place.</p>
      <div className="row">
        <code className="secret">{secret}</code>
        <CopyButton text={secret} />
      </div>
      <DialogEnd label="Done" onClose={onClose} />
    </Dialog>
  );
}
