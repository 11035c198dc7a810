// Button and dialog to share a report: create, copy and revoke links.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { ago } from '../../data/format.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { CopyButton, Failure } from '../../ui/parts.tsx';

const CHOICES = [
  ['7', 'a week'],
  ['30', '30 days'],
  ['365', 'a year'],
  ['', 'until I revoke it'],
] as const;

/** `id`: an evaluation, or a training job that was evaluated. */
export function ShareReport({ id }: { id: string }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Share
      </button>
      {isOpen && <ShareDialog id={id} onClose={() => setOpen(false)} />}
    </>
  );
}

function ShareDialog({ id, onClose }: { id: string; onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [days, setDays] = useState('30');
  const [url, setUrl] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const create = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      setUrl((await client.reports.share(id, { expires_in_days: days === '' ? null : Number(days) })).url);
      await queries.invalidateQueries({ queryKey: ['shares', id] });
    } catch (error) {
      notifyError('The report was not shared', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="Share this report" onClose={onClose}>
      <form className="stack" onSubmit={(event) => void create(event)}>
        <p>Anybody with the link can read this report, but nothing else in the project.</p>
        <label className="field">
          The link works for
          <select className="select" value={days} onChange={(event) => setDays(event.target.value)}>
            {CHOICES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {url && (
          <div className="row">
            <input className="input grow" readOnly aria-label="The link" value={url} onFocus={(event) => event.target.select()} />
            <CopyButton text={url} label="Copy link" />
          </div>
        )}
        {url && <p className="note">The link is shown only now. Copy it.</p>}
        <DialogActions label="Create a link" disabled={isBusy} onClose={onClose} />
      </form>
      <Links id={id} />
    </Dialog>
  );
}

function Links({ id }: { id: string }): ReactElement | null {
  const client = useClient();
  const queries = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ['shares', id],
    queryFn: async () => (await client.reports.shares(id, { limit: 100 })).data,
  });
  if (error) return <Failure error={error} what="The links" />;
  if (!data || data.length === 0) return null;
  const revoke = async (share: string): Promise<void> => {
    try {
      await client.reports.unshare(id, share);
      await queries.invalidateQueries({ queryKey: ['shares', id] });
    } catch (failure) {
      notifyError('The link was not revoked', failure);
    }
  };
  return (
    <ul className="stack" aria-label="Valid links">
      {data.map((share) => (
        <li key={share.id} className="row">
          <span>
            <code>{share.hint}...</code>, created {ago(share.created_at)}
            {share.expires_at ? `, until ${new Date(share.expires_at).toLocaleDateString()}` : ', without an expiry'}
          </span>
          <button type="button" className="button small quiet" onClick={() => void revoke(share.id)}>
            Revoke
          </button>
        </li>
      ))}
    </ul>
  );
}
