// The top of the page: what this is, and what came of it.
import { METHOD_TITLES, type Report } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { plural, shownDuration } from '../numbers.ts';
import type { PageContext } from './context.ts';

export function verdictSection({ report }: PageContext): Markup {
  const { verdict, training, models, prompts } = report;
  const chips = [
    training ? METHOD_TITLES[training.config.method] : 'base model',
    `base ${models[0]?.base_model ?? ''}`,
    ...(training ? [plural(training.steps, 'step'), ...(training.seconds === null ? [] : [shownDuration(training.seconds)])] : []),
    plural(prompts.list.length * prompts.images_per_prompt, 'image'),
    report.created_at.slice(0, 10),
  ];
  return html`<header><p class="kicker">StyleForge report</p><h1>${report.title}</h1>
<ul class="chips">${chips.map((chip) => html`<li>${chip}</li>`)}</ul>
<p class="soft">${whatItIs(report)}</p>
<section class="verdict"><p class="summary">${verdict.summary}</p>
${verdict.points.length > 0 ? html`<ul>${verdict.points.map((point) => html`<li>${point}</li>`)}</ul>` : null}
${verdict.cautions.length > 0 ? html`<div class="caution"><b>Mind:</b> ${verdict.cautions.map((caution) => html`<p>${caution}</p>`)}</div>` : null}</section></header>`;
}

/** For somebody who has opened the page by chance. */
function whatItIs({ training, models, prompts, reference }: Report): string {
  const compared =
    models.length > 1
      ? ` It is compared with ${models
          .slice(1)
          .map(({ label }) => label)
          .join(', ')}.`
      : '';
  const judged = reference
    ? `judged by ${plural(reference.count, 'reference picture')} and ${plural(prompts.list.length, 'prompt')}`
    : `judged by ${plural(prompts.list.length, 'prompt')}`;
  if (training === null) return `A model that draws pictures from words, as it is, ${judged}.${compared}`;
  const { style_ref, config } = training;
  const pictures = style_ref ? `${plural(style_ref.count, 'picture')} (${style_ref.name})` : 'pictures that have been deleted since';
  return `The model ${config.base_model}, which draws pictures from words, was taught a style from ${pictures}; here is what came of it, ${judged}.${compared}`;
}
