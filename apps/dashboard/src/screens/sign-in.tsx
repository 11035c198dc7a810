// Sign-in by API key. Distinguishes a wrong key, a missing scope, and an unavailable service.
import { APIConnectionError, AuthenticationError, PermissionDeniedError, RateLimitError } from '@styleforge/sdk';
import type { FormEvent, ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { client } from '../data/session.ts';

function explain(error: unknown): string {
  if (error instanceof AuthenticationError) return 'This key is unknown, revoked or expired.';
  if (error instanceof PermissionDeniedError) return 'This key lacks the scope read, which the dashboard needs.';
  if (error instanceof RateLimitError) return 'Too many requests with this key. Wait a minute, then try again.';
  if (error instanceof APIConnectionError) return 'The service cannot be reached. Is it running?';
  return error instanceof Error ? error.message : String(error);
}

export function SignIn({ onSignIn, notice }: { onSignIn(): void; notice: string }): ReactElement {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · StyleForge';
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const entered = key.trim();
    if (!/^sf_\S+$/.test(entered)) return setProblem('A key starts with sf_.');
    setBusy(true);
    try {
      await client.sessions.create(entered, { maxRetries: 0 });
      onSignIn();
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={(event) => void submit(event)} noValidate>
        <img src="/app/icon.svg" alt="" width="44" height="44" />
        <h1>Sign in to StyleForge</h1>
        {notice && <div className="note warn">{notice}</div>}
        <KeyField value={key} onValue={setKey} problem={problem} />
        <button className="button primary" type="submit" disabled={isBusy}>
          {isBusy ? 'Checking the key' : 'Sign in'}
        </button>
        <p className="small soft">
          <code>npm start</code> prints a key at its first start. <code>npm run keys</code> makes more. The{' '}
          <a href="/docs">API reference</a> needs none.
        </p>
      </form>
    </main>
  );
}

function KeyField({ value, onValue, problem }: { value: string; onValue(value: string): void; problem: string }): ReactElement {
  return (
    <div className="field">
      <label htmlFor="key">API key</label>
      <input
        id="key"
        className="input mono"
        type="password"
        autoComplete="current-password"
        autoFocus
        value={value}
        aria-invalid={problem !== ''}
        aria-describedby="key-help"
        onChange={(event) => onValue(event.target.value)}
      />
      <span id="key-help" className={problem ? 'error' : 'help'} role={problem ? 'alert' : undefined}>
        {problem || 'This browser stays signed in for seven days, or until you sign out.'}
      </span>
    </div>
  );
}
