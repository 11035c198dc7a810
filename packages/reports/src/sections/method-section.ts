// How the report was made, and the command that makes it again.
import { type ReportModel, TOKEN_PLACEHOLDER } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { type PageContext, picture } from './context.ts';

export function methodSection(context: PageContext): Markup {
  const { report } = context;
  const { prompts, sampling, reference, extractors } = report;
  const hasPlaceholders = prompts.list.some((prompt) => prompt.includes(TOKEN_PLACEHOLDER));
  return html`<section><h2>How it was measured</h2>
${reference ? html`<p class="small"><b>Reference pictures</b> <span class="soft">${reference.name}, ${reference.count} images</span></p><div class="strip">${reference.pictures.map((shown) => picture(context, shown))}</div>` : null}
<div class="card"><dl>
<dt>Prompts</dt><dd>${prompts.list.length}${prompts.set === null ? ', given in the request' : html` of the set <code>${prompts.set}</code>`}, ${prompts.images_per_prompt} image${prompts.images_per_prompt === 1 ? '' : 's'} each, sha256 <code>${prompts.sha256}</code></dd>
${report.models.map((model) => promptOf(model, hasPlaceholders))}
<dt>Sampling</dt><dd>${sampling.sampler}, ${sampling.steps} steps, guidance ${sampling.guidance_scale}, ${sampling.width} × ${sampling.height}, seeds from ${sampling.seed}${sampling.negative_prompt === '' ? '' : html`, negative prompt <code>${sampling.negative_prompt}</code>`}</dd>
${reference ? html`<dt>Reference</dt><dd>${reference.dataset_id}${reference.sha256 === '' ? '' : html`, sha256 <code>${reference.sha256}</code>`}</dd>` : null}
${extractors.map(({ name, dimension, resize, weights_sha256 }) => html`<dt>Extractor ${name}</dt><dd>${dimension} features, pictures resized by the rule ${resize}, weights sha256 <code>${weights_sha256}</code></dd>`)}
</dl><details><summary>All prompts</summary><p class="small">${prompts.list.join(' · ')}</p></details></div>
<h2>Make it again</h2><p class="soft">With the address and a key of the service in the environment:</p><pre>${report.repeat}</pre></section>`;
}

function promptOf({ label, prompt_prefix, tokens: [first] }: ReportModel, hasPlaceholders: boolean): Markup {
  const placeholder = hasPlaceholders && first
    ? html`; <code>${TOKEN_PLACEHOLDER}</code> in a prompt is <code>${first.token}</code>, with nothing in front of that prompt` : null;
  return html`<dt>Prompt of ${label}</dt><dd><code>${prompt_prefix}…</code>${placeholder}</dd>`;
}
