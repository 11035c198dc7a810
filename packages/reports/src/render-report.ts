// The page of a report: a pure function of the report and its images, without external files.
import type { Report } from '@styleforge/contracts';
import { html, Markup } from './html.ts';
import type { PageContext, PictureSource } from './sections/context.ts';
import { methodSection } from './sections/method-section.ts';
import { metricsSection } from './sections/metrics-section.ts';
import { overfittingSection } from './sections/overfitting-section.ts';
import { samplesSection } from './sections/samples-section.ts';
import { tokensSection } from './sections/tokens-section.ts';
import { trainingSection } from './sections/training-section.ts';
import { verdictSection } from './sections/verdict-section.ts';
import { votesSection } from './sections/votes-section.ts';
import { STYLES } from './styles.ts';

export type { PictureSource } from './sections/context.ts';

const SECTIONS: ((context: PageContext) => Markup)[] = [
  verdictSection,
  samplesSection,
  metricsSection,
  votesSection,
  overfittingSection,
  trainingSection,
  tokensSection,
  methodSection,
];

export function renderReport(report: Report, pictureOf: PictureSource): string {
  const context = { report, pictureOf };
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${report.title} · StyleForge report</title>
<style>${new Markup(STYLES)}</style></head>
<body><main>${SECTIONS.map((section) => section(context))}
<footer>${report.id}, ${report.created_at}</footer></main></body></html>`;
  return page.text;
}
