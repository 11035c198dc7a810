// The dashboard's page: built when it is not what the sources say, opened in a real browser, looked at by axe.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { currentDigest } from '@styleforge/launch/digest';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import type { TestService } from './service.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'apps/dashboard/dist/page');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

export const chromiumMissing = CHROMIUM === undefined ? 'there is no Chromium (apt-get install chromium)' : undefined;

/** `npm start` and `npm test` do the same before they begin. */
export function buildPage(): void {
  if (currentDigest(folder) !== undefined) return;
  execFileSync(process.execPath, ['packages/launch/src/run.mjs', 'apps/dashboard/tools/build.ts'], { cwd: root, stdio: ['ignore', 2, 2] });
}

/** Bytes of each asset of one kind as they travel. */
export function compressedSizes(extension: string): Record<string, number> {
  const files = readdirSync(join(folder, 'assets')).filter((name) => name.endsWith(extension));
  return Object.fromEntries(files.map((name) => [name, gzipSync(readFileSync(join(folder, 'assets', name))).length]));
}

export const readAsset = (name: string): string => readFileSync(join(folder, name), 'utf8');

async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
}

/** A tab whose errors fail the test that looks at `problems`. */
async function openPage(context: BrowserContext, problems: string[]): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Unhandled|Warning:/.test(message.text())) problems.push(message.text());
  });
  return page;
}

export interface Dashboard {
  page: Page;
  /** Errors of the page. */
  problems: string[];
  close(): Promise<void>;
}

/** A browser with one tab. */
export async function openDashboard(patience: number): Promise<Dashboard> {
  const browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true });
  const problems: string[] = [];
  const page = await openPage(context, problems);
  page.setDefaultTimeout(patience);
  return { page, problems, close: () => browser.close() };
}

/** The page of the service after the sign-in with its key. */
export async function openSignedIn({ service, apiKey }: TestService, patience: number): Promise<Dashboard> {
  const dashboard = await openDashboard(patience);
  const { page } = dashboard;
  await page.goto(service.url);
  await page.getByLabel('API key').fill(apiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Teach a model your style' }).waitFor();
  return dashboard;
}

/** Holds the first request for the address until the returned function is called: what a slow service does. */
export async function holdFirst(page: Page, address: string): Promise<() => void> {
  let letThrough = () => {};
  const held = new Promise<void>((resolve) => {
    letThrough = resolve;
  });
  await page.route(
    address,
    async (route) => {
      await held;
      await route.continue();
    },
    { times: 1 },
  );
  return letThrough;
}

/** The event stream keeps the network busy: what counts is that no part of the screen waits any more. */
export async function untilLoaded(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  while ((await page.locator('.skeleton').count()) > 0) await page.waitForTimeout(50);
}

const SIZES: [width: number, height: number][] = [
  [390, 844],
  [768, 1024],
  [1280, 900],
];

/** Every screen fits the window and has no violation, at three widths in both themes; a screenshot of each is kept. */
export async function expectFits(page: Page, url: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    await page.goto(url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await untilLoaded(page);
    for (const theme of ['light', 'dark'] as const) {
      const seen = new Set<unknown>();
      await page.emulateMedia({ colorScheme: theme });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await untilPainted(page);
        const where = `${path} at ${width} pixels, ${theme}`;
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), where).toBe(true);
        const shown = await page.evaluate(SHOWN);
        // a theme is colors alone: elements, names and sizes are those of the other
        const rules = theme === 'light' ? ALL_RULES : COLORS;
        expect(await violationsOf(page, seen.has(shown) ? SIZES_OF_TARGETS : rules), where).toEqual([]);
        seen.add(shown);
        await takeScreenshot(page, `${path.slice(1).replaceAll(/[^a-z-]+/g, '-') || 'home'}-${width}-${theme}`);
      }
    }
  }
}

/** Kept beside the built page, to be looked at. */
async function takeScreenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(root, 'apps/dashboard/dist/screenshots', `${name}.png`) });
}

/** Colors of the theme before last until the next frame. */
async function untilPainted(page: Page): Promise<void> {
  // an inherited color changes once its parent's transition has ended, so that each level may take a frame of its own
  await page.waitForFunction(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => ' +
      'done(!document.getAnimations().some((animation) => animation instanceof CSSTransition)))))',
  );
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
type AxeResult = { violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[] };

const ALL_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES_OF_TARGETS = { type: 'rule', values: ['target-size'] };
/** What all other rules depend on besides the document: which elements are shown, and in which colors and sizes of text. */
const SHOWN = `JSON.stringify([...document.body.querySelectorAll('*')].map((element) => {
  const { color, backgroundColor, fontSize } = getComputedStyle(element);
  return element.checkVisibility({ visibilityProperty: true }) && [color, backgroundColor, fontSize];
}))`;
const COLORS = { type: 'rule', values: ['color-contrast'] };

/**
 * Violations that axe finds on the page by the rules of WCAG 2.2 A and AA. Passes are not described, because that took most of the time.
 */
export async function violationsOf(page: Page, runOnly: object = ALL_RULES): Promise<string[]> {
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axeSource);
  const options = { runOnly, resultTypes: ['violations'], preload: false };
  const { violations } = (await page.evaluate(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => ({ violations }))`,
  )) as AxeResult;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
}
