// Scrollable rows of a log. Renders only those near the window, and can follow the end.
import type { LogEvent } from '@styleforge/sdk';
import type { ReactElement, RefCallback } from 'react';
import { useLayoutEffect, useRef } from 'react';
import { useRows } from '../../ui/rows.ts';

const ROW = 40;

export const lineOf = ({ created_at: at, type, data }: LogEvent): string =>
  `${at} ${type} ${Object.keys(data).length > 0 ? JSON.stringify(data) : ''}`;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields of the event and of objects in it, without empty ones. */
const fieldsOf = (data: object): string[] =>
  Object.entries(data).flatMap(([name, value]: [string, unknown]) => {
    if (isObject(value)) return fieldsOf(value);
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });

export const detailsOf = ({ data }: LogEvent): string => fieldsOf(data).join('  ');

type Props = { events: LogEvent[]; isFollowing: boolean; setFollowing(isFollowing: boolean): void };

export function LogRows({ events, isFollowing, setFollowing }: Props): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const { shown, starts, before, after, measure } = useRows({ count: events.length, height: ROW, beyond: 10, frame, scrolls: true });
  useLayoutEffect(() => {
    if (isFollowing) frame.current?.scrollTo(0, frame.current.scrollHeight);
  }, [starts, isFollowing]);
  return (
    <div
      ref={frame}
      className="card-flush log-frame"
      tabIndex={0}
      role="region"
      aria-label="Log"
      onWheel={({ deltaY }) => deltaY < 0 && setFollowing(false)}
      onTouchMove={() => setFollowing(false)}
      onKeyDown={({ key }) => ['ArrowUp', 'PageUp', 'Home'].includes(key) && setFollowing(false)}
    >
      <table className="log" aria-rowcount={events.length + 1}>
        <LogHead />
        <tbody>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
          {shown.map((index) => (
            <LogRow key={events[index]!.sequence} event={events[index]!} index={index} measure={measure} />
          ))}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}

function LogHead(): ReactElement {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col">Time</th>
        <th scope="col">Event</th>
        <th scope="col">Details</th>
      </tr>
    </thead>
  );
}

type RowProps = { event: LogEvent; index: number; measure: RefCallback<HTMLElement> };

function LogRow({ event, index, measure }: RowProps): ReactElement {
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index + 2} className={event.type === 'job.validating' ? 'attempt' : undefined}>
      <td className="num small nowrap">{new Date(event.created_at).toLocaleTimeString()}</td>
      <td className="nowrap">
        <strong>{event.type}</strong>
      </td>
      <td className="mono wrap">{detailsOf(event)}</td>
    </tr>
  );
}
