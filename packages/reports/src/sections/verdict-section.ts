// The top of the page: an introduction and the verdict.
import { METHOD_TITLES, type Report, type VerdictOutcome } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { plural, shownDuration } from '../numbers.ts';
import type { PageContext } from './context.ts';

/** Icon and color of each outcome, and words for readers who see neither. */
const OUTCOMES: Record<VerdictOutcome, { icon: string; title: string; kind: string }> = {
  took_hold: { icon: '✓', title: 'Took hold', kind: 'good' },
  subjects_suffer: { icon: '!', title: 'Took hold, but subjects suffer', kind: 'mixed' },
  collapsed: { icon: '✕', title: 'The model collapsed', kind: 'bad' },
  did_not_take_hold: { icon: '○', title: 'Did not take hold', kind: 'none' },
};

export function verdictSection({ report }: PageContext): Markup {
  const { verdict, training, models, prompts } = report;
  const outcome = verdict.outcome && OUTCOMES[verdict.outcome];
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
<section class="verdict ${outcome?.kind ?? 'none'}">
${outcome && html`<p class="outcome"><span class="icon" aria-hidden="true">${outcome.icon}</span> ${outcome.title}</p>`}
<p class="summary">${verdict.summary}</p>
${axes(verdict)}
${verdict.points.length > 0 ? html`<ul>${verdict.points.map((point) => html`<li>${point}</li>`)}</ul>` : null}
${verdict.next.length > 0 ? html`<div class="next"><b>What to do next</b><ul>${verdict.next.map((step) => html`<li>${step}</li>`)}</ul></div>` : null}
${verdict.cautions.length > 0 ? html`<div class="caution"><b>Caveats</b>${verdict.cautions.map((caution) => html`<p>${caution}</p>`)}</div>` : null}</section></header>`;
}

function axes({ style_gap_closed, prompt_following_kept, diversity_kept }: Report['verdict']): Markup | null {
  const shown = [
    ['Distance to the style closed', style_gap_closed],
    ['Prompt following kept', prompt_following_kept],
    ['Diversity kept', diversity_kept],
  ].flatMap(([name, share]) => (typeof share === 'number' ? [{ name: String(name), share }] : []));
  return shown.length === 0 ? null : html`<div class="axes">${shown.map(axis)}</div>`;
}

function axis({ name, share }: { name: string; share: number }): Markup {
  const width = Math.round(100 * Math.min(1, Math.max(0, share)));
  return html`<div><span>${name} <b>${Math.round(100 * share)} %</b></span><i class="bar"><i style="width:${width}%"></i></i></div>`;
}

/** An introduction for readers who open the page without context. */
function whatItIs({ training, models, prompts, reference }: Report): string {
  const others = models.slice(1).map(({ label }) => label);
  const compared = [...others, ...(reference ? [plural(reference.count, 'reference image')] : [])];
  const against = compared.length > 0 ? ` is compared with ${list(compared)}` : ' is shown';
  const below = `Below, its output on ${plural(prompts.list.length, 'prompt')}${against}.`;
  if (training === null) return `${models[0]?.label ?? 'A model'}, as it is. ${below}`;
  const { style_ref, config } = training;
  const images = style_ref
    ? `${plural(style_ref.count, 'image')} from the dataset ${style_ref.name}`
    : 'images that have been deleted since';
  return `${config.base_model} was fine-tuned on ${images}. ${below}`;
}

const list = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
