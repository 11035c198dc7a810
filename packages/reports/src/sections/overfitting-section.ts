// Signs of overfitting, and the generated images that are closest to a training image.
import { type OverfittingSign, type ReportModel, type ReportPicture, shortNumber } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { type PageContext, picture } from './context.ts';

const TITLES: Record<OverfittingSign['sign'], string> = {
  'kid-rising': 'KID rises again',
  'clip-falling': 'CLIP score falls',
  'low-diversity': 'Images grow alike',
  'memorised-pictures': 'Images are copied',
};

export function overfittingSection(context: PageContext): Markup {
  const { overfitting, models } = context.report;
  const [model] = models;
  if (overfitting.length === 0 && !model?.diversity) return html``;
  return html`<section><h2>Signs of overfitting</h2>
<p class="soft">A model that was trained for too long repeats its few training images instead of generating new ones in their style.</p>
<div class="grid-4">${overfitting.map(sign)}</div>
${diversityTable(context)}
${model && model.nearest.length > 0 ? nearestPictures(context, model.nearest) : null}</section>`;
}

function nearestPictures(context: PageContext, nearest: ReportModel['nearest']): Markup {
  const unit = `(distance between unit vectors of ${context.report.similarity_extractor}; 0 would be a copy)`;
  const figure = (shown: ReportPicture, caption: string) =>
    html`<figure>${picture(context, shown)}<figcaption>${caption}</figcaption></figure>`;
  const pair = ({ generated, reference, distance }: ReportModel['nearest'][number]) =>
    html`<div class="pair">${figure(generated, 'generated')}${figure(reference, `StyleRef, ${shortNumber(distance)}`)}</div>`;
  return html`<p class="small"><b>The generated images that are closest to a training image</b>, each next to that image <span class="soft">${unit}</span></p>
<div class="grid-4">${nearest.map(pair)}</div>`;
}

function sign({ sign: name, present, explanation }: OverfittingSign): Markup {
  const [kind, state] = present === null ? ['unknown', 'not known'] : present ? ['seen', 'seen'] : ['clear', 'not seen'];
  return html`<div class="card sign ${kind}"><span class="state">${state}</span><b>${TITLES[name]}</b><span class="small soft">${explanation}</span></div>`;
}

function diversityTable({ report: { models, similarity_extractor } }: PageContext): Markup {
  const rows = models.flatMap(({ label, diversity }) => (diversity ? [{ label, diversity }] : []));
  const [first] = rows;
  if (!first) return html``;
  const reference =
    first.diversity.reference === null
      ? null
      : html`<tr><th scope="row">reference images</th><td class="number">${shortNumber(first.diversity.reference)}</td></tr>`;
  return html`<div class="scroll card" style="margin:.9rem 0"><table><thead><tr><th scope="col">Set</th><th scope="col">Mean distance between two of its images (${similarity_extractor})</th></tr></thead>
<tbody>${rows.map(({ label, diversity }) => html`<tr><th scope="row">${label}</th><td class="number">${shortNumber(diversity.generated)}</td></tr>`)}${reference}</tbody></table></div>`;
}
