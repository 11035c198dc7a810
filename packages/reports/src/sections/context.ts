// Input of every section of the page, and the display of images.
import type { Report, ReportPicture } from '@styleforge/contracts';
import { html, type Markup } from '../html.ts';

/** Returns an image's URL as a data URI; undefined for an image that was deleted. */
export type PictureSource = (url: string) => string | undefined;

export interface PageContext {
  report: Report;
  pictureOf: PictureSource;
}

/** An image with its caption. Small images are enlarged with sharp edges. */
export function picture({ report, pictureOf }: PageContext, { url, caption }: ReportPicture): Markup {
  const source = pictureOf(url);
  if (source === undefined) return html`<span class="gone">gone</span>`;
  const kind = report.sampling.width <= 128 ? 'pixels' : '';
  return html`<img class="${kind}" src="${source}" alt="${caption ?? ''}" title="${caption ?? ''}">`;
}
