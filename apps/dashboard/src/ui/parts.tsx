// Small parts that every screen uses: page heads, empty states, status pills, progress, failures, copying.
import { APIError, NotFoundError } from '@styleforge/sdk';
import type { ReactElement, ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { Icon, type IconName } from './icons.tsx';

export function PageHead(props: { title: string; about?: ReactNode; crumb?: ReactNode; children?: ReactNode }): ReactElement {
  useEffect(() => {
    document.title = `${props.title} · StyleForge`;
  }, [props.title]);
  return (
    <header className="page-head">
      <div>
        {props.crumb && <div className="crumb">{props.crumb}</div>}
        <h1>{props.title}</h1>
        {props.about && <p>{props.about}</p>}
      </div>
      {props.children && <div className="row">{props.children}</div>}
    </header>
  );
}

const TONES: Record<string, string> = {
  succeeded: 'good',
  finished: 'good',
  delivered: 'good',
  enabled: 'good',
  up: 'good',
  ready: 'good',
  failed: 'bad',
  disabled: 'bad',
  down: 'bad',
  revoked: 'bad',
  idle: 'good',
  working: 'live',
  draining: 'warn',
  drained: 'warn',
  stopping: 'warn',
  lost: 'bad',
  running: 'live',
  validating: 'live',
  evaluating: 'live',
  pausing: 'warn',
  paused: 'warn',
};

export function Pill({ status, label = status }: { status: string; label?: string }): ReactElement {
  return <span className={`pill ${TONES[status] ?? ''}`}>{label}</span>;
}

export function Bar({ done, of, label }: { done: number; of: number; label: string }): ReactElement {
  const percent = of > 0 ? Math.min(100, (100 * done) / of) : 0;
  return (
    <div className="bar" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={of} aria-valuenow={done}>
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Empty({ title, children, icon }: { title: string; children: ReactNode; icon?: IconName }): ReactElement {
  return (
    <div className="empty">
      {icon && <Icon name={icon} size={28} />}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Shown where a filter or a search leaves nothing of a list; `all` is the list without them. */
export function NoMatch({ title, all, label }: { title: string; all: string; label: string }): ReactElement {
  return (
    <Empty title={title} icon="search">
      <p>Change the filter or the search.</p>
      <Link className="button" href={all}>
        {label}
      </Link>
    </Empty>
  );
}

export function Failure({ error, what }: { error: unknown; what: string }): ReactElement {
  const requestId = error instanceof APIError ? error.requestId : undefined;
  return (
    <div className="note bad" role="alert">
      {what} could not be loaded: {error instanceof APIError ? error.detail : error instanceof Error ? error.message : String(error)}
      {requestId && <div className="mono">{requestId}</div>}
    </div>
  );
}

/** Shown if the object of a screen does not exist or cannot be read; `list` leads to the others. */
export function NoScreen({ error, what, list }: { error: unknown; what: string; list: ReactNode }): ReactElement {
  return (
    <>
      <PageHead title={error instanceof NotFoundError ? 'Not found' : 'Not available'} crumb={list} />
      <Failure error={error} what={what} />
    </>
  );
}

export function Loading({ height = 160, label = 'Loading' }: { height?: number; label?: string }): ReactElement {
  return <div className="skeleton" style={{ height }} role="status" aria-label={label} />;
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }): ReactElement {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button type="button" className="button small" onClick={() => void copy()}>
      <Icon name="copy" size={15} />
      <span aria-live="polite">{copied ? 'Copied' : label}</span>
    </button>
  );
}

export type Choice<Value extends string> = { value: Value; label: ReactNode };

export function Segmented<Value extends string>(props: {
  label: string;
  value: Value;
  choices: readonly Choice<NoInfer<Value>>[];
  onChange(value: NoInfer<Value>): void;
}): ReactElement {
  return (
    <div className="segmented" role="group" aria-label={props.label}>
      {props.choices.map(({ value, label }) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {label}
        </button>
      ))}
    </div>
  );
}
