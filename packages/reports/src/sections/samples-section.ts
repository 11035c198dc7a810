// Before and after: the same prompts and seeds from every model, side by side.
import { html, type Markup } from '../html.ts';
import { type PageContext, picture } from './context.ts';

export function samplesSection(context: PageContext): Markup {
  const { models, samples } = context.report;
  // Before comes before after.
  const order = [...models.keys()].sort((a, b) => rank(models[a]) - rank(models[b]));
  return html`<section><h2>The same prompts and seeds from each model</h2>
<p class="soft">A base model gets the very prompt of the trained one. A trained model gets its own words for the style, then the prompt.</p>
<div class="scroll card"><table class="samples"><thead><tr><th scope="col">Prompt</th>${order.map((index) => html`<th scope="col">${models[index]?.label ?? ''}</th>`)}</tr></thead>
<tbody>${samples.map(
    (sample) =>
      html`<tr><th scope="row">${sample.prompt}<br><span class="soft small">seed ${sample.seed}</span></th>${order.map((index) => {
        const shown = sample.pictures[index];
        return html`<td>${shown ? picture(context, shown) : null}</td>`;
      })}</tr>`,
  )}</tbody></table></div></section>`;
}

const rank = (model: { checkpoint_id: string | null } | undefined): number => (model?.checkpoint_id === null ? 0 : 1);
