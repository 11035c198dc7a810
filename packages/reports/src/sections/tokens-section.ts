// Whether each token of a Multi-StyleForge model produces its component.
import { shortNumber, type TokenDisentanglementBody } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import type { PageContext } from './context.ts';

export function tokensSection({ report: { token_disentanglement: tokens } }: PageContext): Markup {
  if (tokens === null) return html``;
  const judged = tokens.components.map(
    ({ name, recognised }) => `The extractor assigns ${Math.round(recognised * 100)} % of the ${name} images to their own component`,
  );
  return html`<section><h2>Tokens apart and together</h2>
<p class="soft">How much each token adds to the similarity with the images of each component, compared with the same prompts and seeds without any token. A token should add most to its own component.</p>
<div class="scroll card"><table><thead><tr><th scope="col">Tokens of</th>${tokens.components.map(({ name, token }) => html`<th scope="col">${name} (${token})</th>`)}</tr></thead>
<tbody>${tokens.conditions.filter(({ components }) => components.length > 0).map(row)}</tbody></table></div>
<p class="soft small">${tokens.prompts} prompts, ${tokens.extractor}. ${judged.join('; ')}.</p></section>`;
}

type Condition = TokenDisentanglementBody['conditions'][number];

function row({ components, pulls }: Condition): Markup {
  const isOwn = (component: string) => components.length === 1 && components[0] === component;
  const cells = pulls.map(
    ({ component, gain }) => html`<td class="number ${isOwn(component) ? 'best' : ''}"><strong>${estimate(gain)}</strong></td>`,
  );
  return html`<tr><th scope="row">${components.join(' and ')}</th>${cells}</tr>`;
}

function estimate({ value, standard_error }: Condition['pulls'][number]['gain']): string {
  return `${shortNumber(value)}${standard_error === null ? '' : ` ± ${shortNumber(standard_error)}`}`;
}
