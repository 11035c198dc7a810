// A process's metrics in the Prometheus format.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describeMetrics, type LabelsOf, type MetricName, type MetricsOfKind } from './metric-table.ts';

/** Sets gauges when the metrics are scraped, such as those that count rows of the database. */
export type MetricReader = (metrics: Metrics) => Promise<void>;

export interface Metrics {
  add<Name extends MetricsOfKind<'counter'>>(name: Name, labels: LabelsOf<Name>, amount?: number): void;
  set<Name extends MetricsOfKind<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  change<Name extends MetricsOfKind<'gauge'>>(name: Name, labels: LabelsOf<Name>, by: number): void;
  /** Deletes all values of a gauge, because some of its labels may no longer occur. */
  reset(name: MetricsOfKind<'gauge'>): void;
  observe<Name extends MetricsOfKind<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Calls `read` in every scrape. If it fails, its gauges are missing from this scrape. */
  onScrape(read: MetricReader, onError: (error: unknown) => void): void;
  scrape(): Promise<{ contentType: string; body: string }>;
}

type Instrument = Counter | Gauge | Histogram;

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = Object.fromEntries(
    describeMetrics().map((definition) => [definition.name, createInstrument(definition, registry)]),
  ) as Record<MetricName, Instrument>;
  const readers: { read: MetricReader; onError: (error: unknown) => void }[] = [];
  const metrics: Metrics = {
    add: (name, labels, amount = 1) => (instruments[name] as Counter).inc(labels, amount),
    set: (name, labels, value) => (instruments[name] as Gauge).set(labels, value),
    change: (name, labels, by) => (instruments[name] as Gauge).inc(labels, by),
    reset: (name) => instruments[name].reset(),
    observe: (name, labels, value) => (instruments[name] as Histogram).observe(labels, value),
    onScrape: (read, onError) => void readers.push({ read, onError }),
    async scrape() {
      await Promise.all(readers.map(({ read, onError }) => read(metrics).catch(onError)));
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
  return metrics;
}

function createInstrument(definition: ReturnType<typeof describeMetrics>[number], registry: Registry): Instrument {
  const { name, kind, help, labels, buckets } = definition;
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  switch (kind) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'histogram':
      return new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) });
  }
}
