// The table of metrics, with the definition and meaning of each value.
import {
  LEAST_IMAGES_FOR_FID,
  type Metric,
  type ReportMetric,
  type ReportModel,
  shownInterval,
  shownMetric,
  shownName,
  shortNumber,
} from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import type { PageContext } from './context.ts';

const MEANINGS: Record<Metric, string> = {
  kid:
    'Distance between the style of the generated and of the reference images; lower is closer. The number of ' +
    'images does not bias it. A value around 0 or a little below means no difference.',
  fid: 'Another distance between the two sets; lower is closer. It needs many images.',
  clip: 'How well the images show what the prompts ask for, without the style prompt; higher is better.',
};

export function metricsSection({ report }: PageContext): Markup {
  const { models } = report;
  const columns = models[0]?.metrics ?? [];
  if (columns.length === 0) return html``;
  const tooFew = columns.some(
    ({ metric, generated, reference }) => metric === 'fid' && Math.min(generated, reference ?? 0) < LEAST_IMAGES_FOR_FID,
  );
  return html`<section><h2>Metrics</h2>
<div class="scroll card"><table><thead><tr><th scope="col">Model</th>${columns.map((column) => html`<th scope="col">${shownName(column)} ${column.better === 'lower' ? '↓' : '↑'}</th>`)}</tr></thead>
<tbody>${models.map((model, index) => html`<tr class="${index === 0 ? 'judged' : ''}"><th scope="row">${model.label}</th>${columns.map((column) => cell(model, column, models))}</tr>`)}</tbody></table></div>
<p class="soft small">Below each number is its 95 % interval, from a bootstrap over the images. Differences within the interval mean nothing. The best value of each column is green.</p>
${tooFew ? html`<p class="soft small">KID is shown first: with fewer than ${LEAST_IMAGES_FOR_FID} images on a side FID is biased upwards, and KID is not.</p>` : null}
<dl>${columns.map((column) => html`<dt>${column.name}</dt><dd>${MEANINGS[column.metric]} <span class="soft small">${howMade(column)}</span></dd>`)}</dl></section>`;
}

function cell(model: ReportModel, column: ReportMetric, models: readonly ReportModel[]): Markup {
  const metric = model.metrics.find(({ name }) => name === column.name);
  if (!metric) return html`<td>–</td>`;
  const others = models.flatMap(({ metrics }) => metrics.filter(({ name }) => name === column.name));
  const best =
    others.length > 1 && others.every(({ value }) => (column.better === 'lower' ? metric.value <= value : metric.value >= value));
  const interval = shownInterval(metric);
  const range = interval && html`<span class="range">${interval}</span>`;
  return html`<td class="number ${best ? 'best' : ''}"><strong>${shownMetric(metric)}</strong>${range}</td>`;
}

function howMade({ extractor, generated, reference, seed, subsets, subset_size, chance }: ReportMetric): string {
  const parts = [
    `extractor ${extractor}`,
    `${generated} generated images`,
    ...(reference === null ? [] : [`${reference} reference images`]),
    ...(subsets === null ? [] : [`${subsets} subsets of ${subset_size}`]),
    ...(chance === null ? [] : [`chance level of the judged model ${shortNumber(chance)}`]),
    `seed ${seed}`,
  ];
  return `(${parts.join(', ')})`;
}
