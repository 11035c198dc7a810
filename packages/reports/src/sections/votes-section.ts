// Preferences of people in blind votes on pairs of images.
import type { Report, VoteTally } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import type { PageContext } from './context.ts';

type Pair = VoteTally['pairs'][number];

export function votesSection({ report: { votes, models } }: PageContext): Markup {
  if (votes === null) return html``;
  const count = votes.votes === 1 ? '1 vote' : `${votes.votes} votes`;
  const voters = votes.voters === 1 ? 'one API key' : `${votes.voters} API keys`;
  return html`<section><h2>Blind votes</h2>
<p class="soft">${count} by ${voters} on images of the same prompt and seed, shown without the names of the models.</p>
<div class="scroll card"><table><thead><tr><th scope="col">Pair</th><th scope="col">Preferred</th><th scope="col">First</th><th scope="col">Second</th><th scope="col">No difference</th></tr></thead>
<tbody>${votes.pairs.map((pair) => row(pair, models))}</tbody></table></div></section>`;
}

function row(pair: Pair, models: Report['models']): Markup {
  const [first = '', second = ''] = [pair.first, pair.second].map((at) => models[at]?.label ?? `model ${at}`);
  const counts = [pair.first_preferred, pair.second_preferred, pair.no_difference];
  const cells = counts.map((count) => html`<td class="number">${String(count)}</td>`);
  return html`<tr><th scope="row">${first} and ${second}</th><td><strong>${preferredOf(pair, first, second)}</strong></td>${cells}</tr>`;
}

function preferredOf({ first_preferred, second_preferred }: Pair, first: string, second: string): string {
  if (first_preferred === second_preferred) return 'No preference';
  return first_preferred > second_preferred ? first : second;
}
