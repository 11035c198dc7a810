// Before and after: the same prompts and seeds from every model side by side, next to the reference images.
import { isBaseAlone } from '@styleforge/contracts';
import type { Report, ReportModel } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { type PageContext, picture } from './context.ts';

export function samplesSection(context: PageContext): Markup {
  const { models, samples, reference, training } = context.report;
  // The base model comes first.
  const order = [...models.keys()].sort((a, b) => rank(models[a]) - rank(models[b]));
  const style = reference?.pictures ?? training?.style_ref?.pictures ?? [];
  return html`<section><h2>The same prompts and seeds from each model</h2>
<p class="soft">${promptSentence(models)}${style.length > 0 ? ' The last column shows images of the style itself, with other subjects.' : ''}</p>
<div class="scroll card"><table class="samples"><thead><tr><th scope="col">Prompt</th>${order.map((index) => html`<th scope="col">${models[index]?.label ?? ''}</th>`)}${style.length > 0 ? html`<th scope="col">The style</th>` : null}</tr></thead>
<tbody>${samples.map((sample, row) => {
    const shown = style[row % Math.max(1, style.length)];
    const cells = order.map((index) => {
      const drawn = sample.pictures[index];
      return html`<td>${drawn ? picture(context, drawn) : null}</td>`;
    });
    return html`<tr><th scope="row">${sample.prompt}<br><span class="soft small">seed ${sample.seed}</span></th>${cells}${shown ? html`<td class="reference">${picture(context, shown)}</td>` : null}</tr>`;
  })}</tbody></table></div></section>`;
}

function promptSentence(models: Report['models']): string {
  const prefixes = [...new Set(models.map(({ prompt_prefix }) => prompt_prefix))];
  const [only] = prefixes;
  const who =
    models.length === 1
      ? 'The model receives each prompt'
      : models.length === 2
        ? 'Both models receive the same prompt'
        : 'All models receive the same prompt';
  if (prefixes.length === 1) return only ? `${who}, prefixed with "${only.replace(/, $/, '')}".` : `${who}.`;
  return (
    'All models receive the same prompt. Each trained model gets its own style prompt in front of it; base models ' +
    'get the style prompt of the first model.'
  );
}

const rank = (model: ReportModel | undefined): number => (model && isBaseAlone(model) ? 0 : 1);
