// Sends spans to an OpenTelemetry collector. Its libraries are loaded only if a collector is configured.
import { trace } from '@opentelemetry/api';
import { z } from 'zod';

/** Settings of tracing, which are also passed to child processes. */
export const tracingConfig = z.object({
  /** The collector's base address, such as http://localhost:4318. Spans are sent to its /v1/traces. */
  endpoint: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Share of the traces that is kept, from 0 to 1. For traces that begin elsewhere, the decision made there applies. */
  sampleRatio: z.number(),
});
export type TracingConfig = z.infer<typeof tracingConfig>;

export interface Tracing {
  /** Sends the remaining spans. */
  stop(): Promise<void>;
}

const exportTimeoutMs = 5_000;
const noTracing: Tracing = { stop: async () => undefined };

export async function startTracing(serviceName: string, config: TracingConfig | undefined): Promise<Tracing> {
  if (config === undefined) return noTracing;
  const [
    { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler },
    { OTLPTraceExporter },
    { resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const url = `${config.endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, headers: config.headers, timeoutMillis: exportTimeoutMs });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.namespace': 'styleforge' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.sampleRatio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000 })],
  });
  trace.setGlobalTracerProvider(provider);
  return {
    async stop() {
      trace.disable();
      // An unavailable collector must not keep the service from ending.
      await provider.shutdown().catch(() => undefined);
    },
  };
}
