// API keys: creates them with scopes and an expiry, shows each once, and revokes them.
import { type ApiKey, PermissionDeniedError } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { takeAll } from '../../data/take-all.ts';
import { useClient, useSession } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Ago } from '../../ui/ago.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { SecretDialog } from '../../ui/secret-dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Loading, PageHead, Pill } from '../../ui/parts.tsx';

const SCOPES = [
  { name: 'read', about: 'See everything' },
  { name: 'write', about: 'Make, change and delete' },
  { name: 'admin', about: 'Everything, including keys' },
] as const;
type Scope = (typeof SCOPES)[number]['name'];

export function Keys(): ReactElement {
  const { client, signOut } = useSession();
  const [isMaking, setMaking] = useState(false);
  const { data, error } = useQuery({ queryKey: ['keys'], queryFn: () => takeAll(client.apiKeys.list({ limit: 100 })) });
  if (error instanceof PermissionDeniedError) {
    return (
      <>
        <PageHead title="API keys" />
        <Empty title="This key may not list keys" icon="key">
          <p>Keys are listed, created and revoked with a key that has the scope admin.</p>
          <button type="button" className="button primary" onClick={() => void signOut()}>
            Sign in with another key
          </button>
        </Empty>
      </>
    );
  }
  return (
    <>
      <PageHead title="API keys">
        <button type="button" className="button primary" onClick={() => setMaking(true)}>
          <Icon name="plus" />
          New key
        </button>
      </PageHead>
      {error && <Failure error={error} what="Keys" />}
      {!data && !error && <Loading />}
      {data && <KeyTable keys={data} />}
      {isMaking && <NewKey onClose={() => setMaking(false)} />}
    </>
  );
}

function KeyTable({ keys }: { keys: ApiKey[] }): ReactElement {
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  return (
    <div className="card-flush" tabIndex={0} role="region" aria-label="Keys">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scopes</th>
            <th scope="col">Used</th>
            <th scope="col" className="wide-only">
              Ends
            </th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td>
                <strong>{key.name}</strong>
                <div className="mono soft">{key.hint}…</div>
              </td>
              <td className="small">{key.scopes.join(', ')}</td>
              <td className="small">{key.last_used_at ? <Ago time={key.last_used_at} /> : 'never'}</td>
              <td className="small wide-only">{key.expires_at ? new Date(key.expires_at).toLocaleDateString() : 'never'}</td>
              <td className="end">
                {key.revoked_at ? (
                  <Pill status="revoked" />
                ) : (
                  <button type="button" className="button small danger" onClick={() => setRevoking(key)}>
                    Revoke
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {revoking && <Revoke apiKey={revoking} onClose={() => setRevoking(null)} />}
    </div>
  );
}

function Revoke({ apiKey, onClose }: { apiKey: ApiKey; onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => client.apiKeys.revoke(apiKey.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
    onError: (error) => notifyError('The key could not be revoked', error),
    onSettled: onClose,
  });
  return (
    <Dialog title={`Revoke ${apiKey.name}?`} onClose={onClose}>
      <p>Requests with this key are refused immediately. A revoked key cannot be restored.</p>
      <div className="row">
        <button type="button" className="button danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke the key
        </button>
        <button type="button" className="button quiet" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

function NewKey({ onClose }: { onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(['read', 'write']);
  const [days, setDays] = useState('');
  const create = useMutation({
    mutationFn: () =>
      client.apiKeys.create({ name, scopes, ...(days && { expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString() }) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
    onError: (error) => notifyError('The key could not be created', error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  if (create.data) return <SecretDialog title="The new key" secret={create.data.key} onClose={onClose} />;
  return (
    <Dialog title="New API key" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <TextField id="key-name" label="Name" value={name} onValue={setName} placeholder="What it is for" autoFocus />
        <Scopes scopes={scopes} onScopes={setScopes} />
        <TextField id="key-days" label="Expires after (days)" type="number" min={1} value={days} placeholder="never" onValue={setDays} />
        <DialogActions label="Create" disabled={name.trim() === '' || scopes.length === 0 || create.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function Scopes({ scopes, onScopes }: { scopes: Scope[]; onScopes(scopes: Scope[]): void }): ReactElement {
  return (
    <fieldset>
      <legend className="label">Scopes</legend>
      {SCOPES.map(({ name: scope, about }) => (
        <label key={scope} className="check">
          <input
            type="checkbox"
            checked={scopes.includes(scope)}
            onChange={(event) => onScopes(event.target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
          />
          {scope} <span className="small soft">{about}</span>
        </label>
      ))}
    </fieldset>
  );
}
