// What the model was trained on and how, with the curves of the training.
import type { ReportTraining } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';
import { lineChart } from '../line-chart.ts';
import { type PageContext, picture } from './context.ts';

export function trainingSection(context: PageContext): Markup {
  const { training } = context.report;
  if (training === null) return html``;
  const { config } = training;
  return html`<section><h2>What it was trained on</h2>
${pictureSet(context, 'StyleRef pictures, the style to learn', training.style_ref)}
${pictureSet(context, 'Aux pictures, which keep it from overfitting', training.aux)}
<div class="card"><dl>${config.style_ref.components.map(({ name, token, prompt }) => html`<dt>${name === 'all' ? 'all pictures' : name}</dt><dd>token <code>${token}</code>, prompt <code>${prompt}</code></dd>`)}
${config.aux ? html`<dt>Aux</dt><dd>prompt <code>${config.aux.prompt}</code>, weight ${config.aux.weight}</dd>` : null}
${config.prior_preservation ? html`<dt>Class images</dt><dd>${config.prior_preservation.num_class_images} of <code>${config.prior_preservation.prompt}</code>, made by the base model, weight ${config.prior_preservation.weight}</dd>` : null}
${mainNumbers(training).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<details><summary>All hyperparameters</summary><dl>${Object.entries(config.hyperparameters).map(([name, value]) => html`<dt>${name}</dt><dd>${String(value)}</dd>`)}</dl></details></div>
${curves(training)}</section>`;
}

function pictureSet(context: PageContext, title: string, set: ReportTraining['style_ref']): Markup {
  if (set === null) return html``;
  const rest = set.count - set.pictures.length;
  return html`<p class="small"><b>${title}</b> <span class="soft">${set.name}, ${set.count} images${rest > 0 ? `, the first ${set.pictures.length} shown` : ''}</span></p>
<div class="strip">${set.pictures.map((shown) => picture(context, shown))}</div>`;
}

function mainNumbers({ steps, config: { hyperparameters: values } }: ReportTraining): [string, string][] {
  return [
    ['Steps', `${steps} of ${values.max_train_steps}`],
    ['Learning rate', `${values.learning_rate}, ${values.lr_scheduler}`],
    [
      'Batch',
      `${values.train_batch_size} StyleRef images a step${values.gradient_accumulation_steps > 1 ? `, ${values.gradient_accumulation_steps} steps accumulated` : ''}`,
    ],
    ['Size', `${values.resolution} × ${values.resolution}`],
    ['Seed', String(values.seed)],
    ['Text encoder', values.train_text_encoder ? 'trained' : 'frozen'],
  ];
}

function curves({ losses, validations, best }: ReportTraining): Markup {
  if (losses.length < 2) return html``;
  const aux = losses.flatMap(({ step, aux_loss }) => (aux_loss === null ? [] : [{ x: step, y: aux_loss }]));
  const loss = lineChart({
    title: 'Loss, means over short stretches',
    series: [
      { label: 'StyleRef', points: losses.map(({ step, style_ref_loss }) => ({ x: step, y: style_ref_loss })) },
      { label: 'Aux', points: aux },
    ],
  });
  const names = [...new Set(validations.flatMap(({ scores }) => Object.keys(scores)))];
  const scored = names.map((name) =>
    lineChart({
      title: `${name} against steps, at the validations`,
      series: [
        {
          label: name,
          points: validations.flatMap(({ step, scores }) => (scores[name] === undefined ? [] : [{ x: step, y: scores[name] }])),
        },
      ],
      ...(best && { mark: { x: best.step, label: `best, step ${best.step}` } }),
    }),
  );
  return html`<h2>How the training went</h2><div class="grid-2">${loss}${scored}</div>`;
}
