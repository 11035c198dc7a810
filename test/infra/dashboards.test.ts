// Dashboard and alerts: every query parses, and names metrics and labels that the service has.
import { catalog } from '@styleforge/queue';
import { METRICS, type MetricName } from '@styleforge/telemetry';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { readText, readYaml } from './files.ts';

interface Panel {
  title: string;
  targets?: { expr: string }[];
}
interface Rules {
  groups: { rules: { alert: string; expr: string }[] }[];
}

/** Foreign series: the client library's for every process, Prometheus' own, and NVIDIA's DCGM exporter's. */
const foreignMetrics = ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds', 'up'];
const isForeign = (series: string) => foreignMetrics.includes(series) || series.startsWith('DCGM_FI_DEV_');
/** Added by Prometheus to whatever it scrapes. */
const scrapeLabels = ['instance', 'job', 'le'];

const dashboardQueries = async () =>
  (JSON.parse(await readText('infra/grafana/dashboards/styleforge.json')) as { panels: Panel[] }).panels.flatMap(
    ({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })),
  );
const alertQueries = async () =>
  (await readYaml<Rules>('infra/prometheus/alerts.yaml'))
    .flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
    .map(({ alert, expr }) => ({ title: alert, expr }));

interface Parsed {
  metrics: string[];
  labels: string[];
  hasErrors: boolean;
}

function parse(query: string): Parsed {
  const text = query.replaceAll('$__rate_interval', '5m');
  const parsed: Parsed = { metrics: [], labels: [], hasErrors: false };
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) parsed.hasErrors = true;
      if (type.name === 'Identifier') parsed.metrics.push(text.slice(from, to));
      if (type.name === 'LabelName') parsed.labels.push(text.slice(from, to));
    },
  });
  return parsed;
}

function metricOf(series: string): MetricName | undefined {
  const name = series.replace(/_(bucket|count|sum)$/, '');
  return (Object.keys(METRICS) as MetricName[]).find(
    (known) => known === series || (known === name && METRICS[known].kind === 'histogram'),
  );
}

describe.each([
  ['dashboard', dashboardQueries],
  ['alerts', alertQueries],
])('the %s', (_name, read) => {
  it('uses valid PromQL, with series and labels that exist', async () => {
    const queries = await read();
    expect(queries.length).toBeGreaterThan(5);
    for (const { title, expr } of queries) {
      const { metrics, labels, hasErrors } = parse(expr);
      expect(hasErrors, `${title}: ${expr}`).toBe(false);
      expect(metrics.length, `${title}: ${expr}`).toBeGreaterThan(0);
      const known: string[] = [...scrapeLabels];
      for (const series of metrics.filter((name) => !isForeign(name))) {
        const metric = metricOf(series);
        expect(metric, `${title}: ${series}`).toBeDefined();
        known.push(...(metric ? METRICS[metric].labels : []));
      }
      expect(
        labels.filter((label) => !known.includes(label)),
        `${title}: ${expr}`,
      ).toEqual([]);
    }
  });
});

it('the check finds a metric that does not exist, and an invalid query', () => {
  expect(metricOf('styleforge_queue_wait_secs_bucket')).toBeUndefined();
  expect(metricOf('styleforge_jobs_count')).toBeUndefined();
  expect(parse('sum by (queue (styleforge_jobs)').hasErrors).toBe(true);
});

it('every queue that somebody waits for has its own threshold', async () => {
  const [waits] = (await alertQueries()).filter(({ title }) => title === 'StyleForgeQueueWaits');
  const named = [...waits!.expr.matchAll(/queue="([a-z]+)"/g)].map(([, queue]) => queue);
  // deliveries wait between their tries, and nobody waits for a sweep
  const waitedFor = Object.keys(catalog).filter((queue) => queue !== 'webhook' && queue !== 'sweep');
  expect(named.sort()).toEqual(waitedFor.sort());
});

it('every metric of the service is shown, and every alert is explained', async () => {
  const shown = new Set((await dashboardQueries()).flatMap(({ expr }) => parse(expr).metrics).map(metricOf));
  expect((Object.keys(METRICS) as MetricName[]).filter((name) => !shown.has(name))).toEqual([]);
  const guide = await readText('docs/operations.md');
  for (const { title } of await alertQueries()) expect(guide).toContain(`### ${title}`);
});
