/** Opens the status page in a real browser, in both colour schemes, wide and narrow: `npm run test:browser`. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type PageFacts, statusPage } from '../../src/core/status-page/page.ts';
import { badFacts, emptyFacts } from '../setup/page-facts.ts';

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((each) => each && existsSync(each));
const pictures = join(import.meta.dirname, '..', '..', 'sandbox', '.run', 'pages');
/** Run in the page: the smallest text as it is on the screen, in pixels; a drawing scales its own. */
const SMALLEST_TEXT = `Math.min(...[...document.querySelectorAll('p, td, th, dt, dd, li, pre, svg text')].map((each) =>
  parseFloat(getComputedStyle(each).fontSize) * (each.getScreenCTM ? each.getScreenCTM().a : 1)))`;
let [passed, failed] = [0, 0];

async function check(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    passed += 1;
    process.stdout.write(`  ok  ${name}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`  NOT ok  ${name}\n    ${(error as Error).message.replaceAll('\n', '\n    ')}\n`);
  }
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

type View = { name: string; facts: PageFacts; colorScheme: 'light' | 'dark'; width: number };

async function open(browser: Browser, folder: string, { name, facts, colorScheme, width }: View) {
  const file = join(folder, `${name}.html`);
  await writeFile(file, statusPage(facts));
  // The page's own policy stays in force; only the checks step around it.
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: false });
  const page = await context.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, said, asked, context };
}

/** Every rule of WCAG 2 A and AA that a machine can judge, contrast among them. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: { run(context: unknown, options: unknown): Promise<unknown> } }).axe
      .run;
    const options = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] } };
    type Found = { id: string; nodes: { html: string; failureSummary: string }[] };
    const { violations: found, passes } = (await run({ exclude: [] }, options)) as {
      violations: Found[];
      passes: Found[];
    };
    if (!passes.some((each) => each.id === 'color-contrast')) return ['contrast was not judged'];
    return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
  });
}

async function look(browser: Browser, folder: string, view: View): Promise<void> {
  const { page, said, asked, context } = await open(browser, folder, view);
  const { name } = view;
  await check(`${name}: nothing on the console, no request but the page`, async () => {
    must(said.length === 0, `the console is empty: ${said}`);
    must(asked.length === 1, `one request: ${asked}`);
  });
  await check(`${name}: fits the screen without scrolling sideways`, async () => {
    const sizes = '[document.documentElement.scrollWidth, window.innerWidth]';
    const [needed, given] = await page.evaluate<[number, number]>(sizes);
    must(needed <= given, `${needed} of ${given} pixels`);
  });
  await check(`${name}: text is large enough to read`, async () => {
    const smallest = await page.evaluate<number>(SMALLEST_TEXT);
    must(smallest >= 10, `the smallest text has ${smallest.toFixed(1)} pixels`);
  });
  await check(`${name}: keeps WCAG A and AA`, async () => {
    const found = await violations(page);
    must(found.length === 0, found.join('\n'));
  });
  await check(`${name}: says how old it is`, async () => {
    const age = (await page.locator('#age').textContent()) ?? '';
    must(/^\d+ minutes ago/.test(age), age);
    must((await page.title()) !== 'taken', 'a hostile name did not run');
  });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  await context.close();
}

/** A page that asks outside, or whose text is too pale, must not pass: the checks can fail. */
async function proveTheChecks(browser: Browser, folder: string): Promise<void> {
  const { page, context } = await open(browser, folder, {
    name: 'pale',
    facts: badFacts(),
    colorScheme: 'light',
    width: 800,
  });
  await check('the contrast check finds pale text', async () => {
    await page.evaluate("document.documentElement.style.setProperty('--soft', '#c8c8c8')");
    must(
      (await violations(page)).some((each) => each.startsWith('color-contrast')),
      'it was found',
    );
  });
  await context.close();
}

async function main(): Promise<void> {
  if (!executablePath)
    throw new Error('no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM');
  await mkdir(pictures, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'hbdr-browser-'));
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  const browser = await chromium.launch({
    executablePath,
    args: [...args, '--disable-component-update', '--disable-sync'],
  });
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [size, width] of [
        ['phone', 375],
        ['desk', 1280],
      ] as const) {
        await look(browser, folder, { name: `${colorScheme}-${size}`, facts: badFacts(), colorScheme, width });
      }
      await look(browser, folder, { name: `${colorScheme}-empty`, facts: emptyFacts(), colorScheme, width: 375 });
    }
    await proveTheChecks(browser, folder);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
  process.stdout.write(`pictures in ${pictures}\n${passed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`The browser test cannot run: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
