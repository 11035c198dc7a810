// What every section of the page is given, and images as sections show them.
import type { Report, ReportPicture } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';

/** Maps an image's URL to a data URI; undefined for an image that is gone. */
export type PictureSource = (url: string) => string | undefined;

export interface PageContext {
  report: Report;
  pictureOf: PictureSource;
}

/** Enlarged images of few pixels keep their edges. */
export function picture({ report, pictureOf }: PageContext, { url, caption }: ReportPicture): Markup {
  const source = pictureOf(url);
  if (source === undefined) return html`<span class="gone">gone</span>`;
  const kind = report.sampling.width <= 128 ? 'pixels' : '';
  return html`<img class="${kind}" src="${source}" alt="${caption ?? ''}" title="${caption ?? ''}">`;
}
