// How the report was made, and the command that repeats it.
import { type Report, type ReportModel, TOKEN_PLACEHOLDER } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { type PageContext, picture } from './context.ts';

export function methodSection(context: PageContext): Markup {
  const { report } = context;
  const { prompts, reference } = report;
  const hasPlaceholders = prompts.list.some((prompt) => prompt.includes(TOKEN_PLACEHOLDER));
  return html`<section><h2>How it was measured</h2>
${reference ? referencePictures(context, reference) : null}
<div class="card"><dl>
${promptsItem(prompts)}
${report.models.map((model) => promptOf(model, hasPlaceholders))}
${samplingItem(report.sampling)}
${reference ? html`<dt>Reference</dt><dd>${reference.dataset_id}${reference.sha256 === '' ? '' : html`, sha256 <code>${reference.sha256}</code>`}</dd>` : null}
${report.extractors.map(extractorItem)}
</dl><details><summary>All prompts</summary><p class="small">${prompts.list.join(' · ')}</p></details></div>
<h2>Repeat this run</h2><p class="soft">Set STYLEFORGE_BASE_URL and STYLEFORGE_API_KEY, then run:</p><pre>${report.repeat}</pre></section>`;
}

function referencePictures(context: PageContext, { name, count, pictures }: NonNullable<Report['reference']>): Markup {
  const title = html`<p class="small"><b>Reference images</b> <span class="soft">${name}, ${count} images</span></p>`;
  return html`${title}<div class="strip">${pictures.map((shown) => picture(context, shown))}</div>`;
}

function promptsItem({ list, set, images_per_prompt: each, sha256 }: Report['prompts']): Markup {
  const source = set === null ? ', given in the request' : html` of the set <code>${set}</code>`;
  return html`<dt>Prompts</dt><dd>${list.length}${source}, ${each} image${each === 1 ? '' : 's'} each, sha256 <code>${sha256}</code></dd>`;
}

function samplingItem({ sampler, steps, guidance_scale, width, height, seed, negative_prompt }: Report['sampling']): Markup {
  const negative = negative_prompt === null || negative_prompt === '' ? '' : html`, negative prompt <code>${negative_prompt}</code>`;
  return html`<dt>Sampling</dt><dd>${sampler}, ${steps} steps, guidance ${guidance_scale}, ${width} × ${height}, seeds from ${seed}${negative}</dd>`;
}

function extractorItem({ name, dimension, resize, weights_sha256 }: Report['extractors'][number]): Markup {
  return html`<dt>Extractor ${name}</dt><dd>${dimension} features, images resized by the rule ${resize}, weights sha256 <code>${weights_sha256}</code></dd>`;
}

function promptOf({ label, prompt_prefix, tokens: [first] }: ReportModel, hasPlaceholders: boolean): Markup {
  const placeholder =
    hasPlaceholders && first
      ? html`; <code>${TOKEN_PLACEHOLDER}</code> in a prompt is <code>${first.token}</code>, with nothing in front of that prompt`
      : null;
  return html`<dt>Prompt of ${label}</dt><dd><code>${prompt_prefix}…</code>${placeholder}</dd>`;
}
