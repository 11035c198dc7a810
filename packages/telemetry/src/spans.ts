// Spans of a trace. If tracing is off, they cost almost nothing and are not sent.
import {
  type Attributes,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { currentOrigin, withOrigin } from './origin.ts';

export interface SpanOptions {
  attributes?: Attributes;
  kind?: keyof typeof SpanKind;
  /** Milliseconds since 1970. Default: now. */
  startTime?: number;
  /** The parent span. Default: that of the current work. */
  traceparent?: string | undefined;
}

export interface OpenSpan {
  /** The span's identity for spans below it; undefined if tracing is off. */
  readonly traceparent: string | undefined;
  end(options?: { error?: unknown; attributes?: Attributes }): void;
}

const nothing: OpenSpan = { traceparent: undefined, end: () => undefined };

export function beginSpan(name: string, options: SpanOptions = {}): OpenSpan {
  const { attributes = {}, kind = 'INTERNAL', startTime, traceparent = currentOrigin().traceparent } = options;
  const span = trace
    .getTracer('styleforge')
    .startSpan(name, { attributes, kind: SpanKind[kind], ...(startTime !== undefined && { startTime }) }, contextOf(traceparent));
  if (!isSpanContextValid(span.spanContext())) return nothing;
  return { traceparent: traceparentOf(span.spanContext()), end: (how) => endSpan(span, how) };
}

/** Runs `work` in a new span. All spans that `work` creates are its children. */
export async function withSpan<Result>(name: string, options: SpanOptions, work: () => Promise<Result>): Promise<Result> {
  const span = beginSpan(name, options);
  try {
    const result = await withOrigin({ ...currentOrigin(), ...(span.traceparent && { traceparent: span.traceparent }) }, work);
    span.end();
    return result;
  } catch (error) {
    span.end({ error });
    throw error;
  }
}

function endSpan(span: Span, { error, attributes = {} }: { error?: unknown; attributes?: Attributes } = {}): void {
  span.setAttributes(attributes);
  if (error !== undefined) {
    const cause = error instanceof Error ? error : new Error(String(error));
    span.recordException(cause);
    span.setStatus({ code: SpanStatusCode.ERROR, message: cause.message });
  }
  span.end();
}

function contextOf(traceparent: string | undefined): Context {
  const parent = traceparent === undefined ? undefined : spanContextOf(traceparent);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

const traceparentForm = /^00-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

/** The context of a traceparent. Undefined if it is invalid: W3C Trace Context then requires a new trace. */
function spanContextOf(traceparent: string): SpanContext | undefined {
  const { traceId = '', spanId = '', flags = '' } = traceparentForm.exec(traceparent)?.groups ?? {};
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
