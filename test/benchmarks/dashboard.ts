// Measures the dashboard in Chromium: its first view, and how smoothly 1,000 images, 500 jobs and a curve of 5,000 points scroll and move.
// node packages/launch/src/run.mjs test/benchmarks/dashboard.ts
import { existsSync } from 'node:fs';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { fillProject } from '../integration/dashboard-large-lists.ts';
import { TestService } from '../integration/service.ts';

const VIEWS = 5;
/** A list of 500 jobs is as long as this number of frames. */
const FRAMES = 96;
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path)) ?? '';

/** Milliseconds of each frame, and of each task that blocks the page for more than 50, while `move` does a frame's worth of something. */
const measured = (prepare: string, move: string) => `(async () => {
  const [frames, blocked] = [[], []];
  const observer = new PerformanceObserver((list) => blocked.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: 'longtask' });
  ${prepare}
  let last = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < ${FRAMES}; frame++) {
    ${move}
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  await new Promise((done) => setTimeout(done, 200));
  observer.disconnect();
  return { frames, blocked };
})()`;

const SCROLLED = measured('', 'scrollTo(0, 300 * (frame + 1));');
const CROSSHAIR = measured(
  `const chart = document.querySelector('.u-over');
  const { left, top, width, height } = chart.getBoundingClientRect();
  chart.dispatchEvent(new MouseEvent('mouseenter', { bubbles: true }));`,
  `chart.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: left + (width * frame) / ` +
    `${FRAMES}, clientY: top + height / 2 }));`,
);
/** Zooms into a part of the curve and out again, in turn. */
const ZOOM = measured(
  `const chart = document.querySelector('.u-over');
  const { left, top, width, height } = chart.getBoundingClientRect();
  const send = (target, type, share) => target.dispatchEvent(new MouseEvent(type,
    { bubbles: true, button: 0, clientX: left + width * share, clientY: top + height / 2, movementX: 9 }));`,
  `if (frame % 2 === 0) {
    send(chart, 'mousedown', 0.2);
    send(chart, 'mousemove', 0.3 + frame / 200);
    send(document, 'mouseup', 0.3 + frame / 200);
  } else send(chart, 'dblclick', 0.5);`,
);
/** The whole curve, as on the first view. */
const DRAWN = measured(
  `const scale = [...document.querySelectorAll('label')].find(({ textContent }) => textContent === 'Log scale').firstChild;`,
  'scale.click();',
);
/** Nothing is moved: what the page does by itself, with its lists read again every few seconds. */
const LEFT_OPEN = measured('', 'await new Promise((done) => setTimeout(done, 150));');

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const share = (values: number[], part: number): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;
const say = (name: string, text: string) => process.stdout.write(`${name.padEnd(44)}${text}\n`);

/** Seconds of processor time that the page's main thread has used: the same, however busy the machine is. */
async function processorTime(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

/** Milliseconds from the start of the navigation to the first paint, and to the heading of the screen. */
async function firstView(context: BrowserContext, url: string): Promise<{ paint: number; heading: number; work: number }> {
  const page = await context.newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator('h1').first().waitFor();
  const heading = (await page.evaluate('performance.now()')) as number;
  const paint = (await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN`)) as number;
  const work = 1000 * (await processorTime(session));
  await page.close();
  return { paint, heading, work };
}

async function measureViews(context: BrowserContext, name: string, url: string): Promise<void> {
  const views: Awaited<ReturnType<typeof firstView>>[] = [];
  for (let view = 0; view < VIEWS; view++) views.push(await firstView(context, url));
  const of = (part: 'paint' | 'heading' | 'work') => median(views.map((view) => view[part])).toFixed(0);
  say(name, `${of('paint')} ms to the first paint, ${of('heading')} ms to the heading, ${of('work')} ms of processor time`);
}

async function measureFrames(page: Page, name: string, script: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await processorTime(session);
  const { frames, blocked } = (await page.evaluate(script)) as { frames: number[]; blocked: number[] };
  const each = (1000 * ((await processorTime(session)) - before)) / frames.length;
  await session.detach();
  const tasks = blocked.length === 0 ? 'no task above 50 ms' : `${blocked.length} tasks above 50 ms, longest ${Math.max(...blocked)} ms`;
  say(
    name,
    `${each.toFixed(1)} ms of processor time a frame; median ${median(frames).toFixed(1)} ms a frame, 95 % below ` +
      `${share(frames, 0.95).toFixed(1)} ms, ${tasks}`,
  );
}

async function measureElements(page: Page, name: string): Promise<void> {
  say(name, `${String(await page.evaluate("document.querySelectorAll('*').length"))} elements`);
}

const service = await TestService.create();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const app = `${service.service.url}/app`;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await measureViews(context, 'Sign-in', app);
  const page = await context.newPage();
  await page.goto(app);
  await page.getByLabel('API key').fill(service.apiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Teach a model your style' }).waitFor();
  const { few, many, jobId } = await fillProject(service);
  await measureViews(context, 'Home of a project with 500 jobs', app);
  await page.goto(`${app}/datasets/${few}`);
  await page.getByText('59 of 60 captioned').waitFor();
  await measureElements(page, 'Elements for 60 images');
  await measureFrames(page, 'Scrolling 60 images', SCROLLED);
  await page.goto(`${app}/datasets/${many}`);
  await page.getByText('999 of 1000 captioned').waitFor();
  await measureElements(page, 'Elements for 1,000 images');
  await measureFrames(page, 'Scrolling 1,000 images', SCROLLED);
  await page.goto(`${app}/jobs`);
  await page.locator('table[aria-rowcount="501"]').waitFor();
  await measureElements(page, 'Elements for 500 jobs');
  await measureFrames(page, 'Scrolling 500 jobs', SCROLLED);
  await measureFrames(page, '18 s of the list of 500 jobs left open', LEFT_OPEN);
  await page.goto(`${app}/jobs/${jobId}`);
  await page.getByRole('img', { name: /over 5000 steps/ }).waitFor({ timeout: 120_000 });
  await measureElements(page, 'Elements for a curve of 5,000 points');
  await measureFrames(page, 'Crosshair over a curve of 5,000 points', CROSSHAIR);
  await measureFrames(page, 'Zooming a curve of 5,000 points', ZOOM);
  await measureFrames(page, 'Drawing a curve of 5,000 points', DRAWN);
} finally {
  await browser.close();
  await service.remove();
}
