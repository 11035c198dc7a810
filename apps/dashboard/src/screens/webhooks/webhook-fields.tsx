// Address and events of an endpoint, for a new one and for one that is edited.
import type { WebhookCreateParams } from '@styleforge/sdk';
import type { ReactElement } from 'react';

export type EventName = WebhookCreateParams['events'][number];
export type WebhookValue = { url: string; events: EventName[] };

const KNOWN: Readonly<Record<EventName, true>> = {
  'training_job.queued': true,
  'training_job.validating': true,
  'training_job.running': true,
  'training_job.evaluating': true,
  'training_job.paused': true,
  'training_job.succeeded': true,
  'training_job.failed': true,
  'training_job.cancelled': true,
  'generation.succeeded': true,
  'generation.failed': true,
  'evaluation.succeeded': true,
  'evaluation.failed': true,
  'evaluation.cancelled': true,
  'study.finished': true,
  'model.created': true,
  'model.version_created': true,
  'model.deleted': true,
  'worker.online': true,
  'worker.draining': true,
  'worker.drained': true,
  'worker.stopping': true,
  'worker.stopped': true,
  'worker.lost': true,
};
const EVENTS = Object.keys(KNOWN) as EventName[];

export function WebhookFields({ url, events, onChange }: WebhookValue & { onChange(value: WebhookValue): void }): ReactElement {
  const choose = (name: EventName, isChosen: boolean) =>
    onChange({ url, events: isChosen ? [...events, name] : events.filter((one) => one !== name) });
  return (
    <>
      <div className="field">
        <label htmlFor="hook-url">Address</label>
        <input
          id="hook-url"
          className="input"
          type="url"
          value={url}
          placeholder="https://example.com/hooks"
          onChange={(event) => onChange({ url: event.target.value, events })}
          autoFocus
        />
      </div>
      <fieldset className="event-choice">
        <legend className="label">Events</legend>
        {EVENTS.map((name) => (
          <label key={name} className="check">
            <input type="checkbox" checked={events.includes(name)} onChange={(event) => choose(name, event.target.checked)} />
            <span className="mono">{name}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}
