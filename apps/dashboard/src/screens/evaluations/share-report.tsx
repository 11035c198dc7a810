// Button and dialog to share a report: create, copy and revoke links.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Ago } from '../../ui/ago.tsx';
import { Dialog, DialogActions, DialogEnd } from '../../ui/dialog.tsx';
import { CopyButton, Failure } from '../../ui/parts.tsx';

const CHOICES = [
  ['7', 'for a week'],
  ['30', 'for 30 days'],
  ['365', 'for a year'],
  ['', 'until it is revoked'],
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
          Valid
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
        {url ? (
          <DialogEnd label="Done" onClose={onClose} />
        ) : (
          <DialogActions label={isBusy ? 'Creating' : 'Create a link'} disabled={isBusy} onClose={onClose} />
        )}
      </form>
      <Links id={id} onRevoked={() => setUrl(undefined)} />
    </Dialog>
  );
}

function Links({ id, onRevoked }: { id: string; onRevoked(): void }): ReactElement | null {
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
      onRevoked();
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
            <code>{share.hint}...</code>, created <Ago time={share.created_at} />
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
