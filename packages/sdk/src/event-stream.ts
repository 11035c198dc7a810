// Live events of a job: server-sent events, with a new connection when one breaks.
import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import { APIConnectionError, APIUserAbortError } from './errors.ts';
import type { RequestOptions } from './options.ts';
import { backOff, isPassing, PATIENCE, sleep } from './retry.ts';
import type { Transport } from './transport.ts';
import type { LogEvent, TrainingJobEvent, TrainingProgress } from './types.ts';

const FINAL_EVENTS = ['job.succeeded', 'job.failed', 'job.cancelled'];

export interface EventStreamOptions extends Pick<RequestOptions, 'signal' | 'headers' | 'timeout'> {
  /** Sequence number of the last event seen. Default: 0, the beginning. */
  after?: number | undefined;
}

export interface EventSource {
  path: string;
  /** Whether the job has ended, for a stream that sends nothing. */
  isFinished(): Promise<boolean>;
}

type Position = { after: number; isFinal: boolean };

/** Follows the events until the job ends. Every event of the log arrives exactly once, even if connections break. */
export async function* followEvents(
  transport: Transport,
  source: EventSource,
  options: EventStreamOptions,
): AsyncGenerator<TrainingJobEvent> {
  const position: Position = { after: options.after ?? 0, isFinal: false };
  for (let failures = 0; ; ) {
    let received = 0;
    try {
      for await (const event of connect(transport, source.path, position, options)) {
        received++;
        failures = 0;
        yield event;
      }
      // The service ends a stream when the job has ended, and when it stops itself.
      if (position.isFinal || (received === 0 && (await source.isFinished()))) return;
    } catch (error) {
      if (options.signal?.aborted)
        throw error instanceof APIUserAbortError ? error : new APIUserAbortError('The event stream was aborted.', { cause: error });
      if (!isPassing(error) || ++failures > PATIENCE) throw error;
    }
    await sleep(backOff(failures), options.signal).catch((cause: unknown) =>
      Promise.reject(new APIUserAbortError('The event stream was aborted.', { cause })),
    );
  }
}

async function* connect(
  transport: Transport,
  path: string,
  position: Position,
  options: EventStreamOptions,
): AsyncGenerator<TrainingJobEvent> {
  const { signal, timeout, headers: more } = options;
  const headers = { accept: 'text/event-stream', ...(position.after > 0 && { 'last-event-id': String(position.after) }) };
  const response = await transport.send(path, { method: 'GET', headers, stream: true }, { signal, timeout, headers: more, maxRetries: 0 });
  if (response.body === null) return;
  for await (const { event, data } of readMessages(response.body)) {
    if (event === 'progress') yield { type: 'progress', data: JSON.parse(data) as TrainingProgress };
    else yield remember(position, JSON.parse(data) as LogEvent);
  }
}

/** The messages of one connection, until it ends. Throws an APIConnectionError if it breaks. */
export async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => arrived.push(message) });
  const decoder = new TextDecoder();
  // Some browsers cannot iterate over a stream.
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader
        .read()
        .catch((cause: unknown) => Promise.reject(new APIConnectionError('The event stream broke.', { cause })));
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* arrived.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function remember(position: Position, event: LogEvent): LogEvent {
  position.after = event.sequence;
  position.isFinal = FINAL_EVENTS.includes(event.type);
  return event;
}
