// What every browser test needs: where the pages are, a Chromium that can reach nothing else, and a page that tells
// what went wrong in it.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

// `require`, and not `import`: it looks into NODE_PATH as well, so that the modules may lie outside the work tree.
const require = createRequire(import.meta.url);

function moduleOrNothing(name) {
  try {
    return require(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

const playwright = moduleOrNothing('playwright-core');
const axe = moduleOrNothing('axe-core');
const repository = resolve(fileURLToPath(import.meta.url), '../../..');
const executable = process.env.SMIRR_CHROMIUM ?? '/usr/bin/chromium';

/** The folder with `demo/` and `hostile/`, as `packs.py` makes them; a run of the demo alone makes `demo/` there. */
const out = resolve(repository, process.env.SMIRR_OUT ?? 'out');

/** The newest quarter's folder of a board, or nothing. */
function newest(board) {
  const published = join(out, board, 'published');
  const quarters = existsSync(published) ? readdirSync(published).filter((name) => /^\d{4}-Q[1-4]$/.test(name)) : [];
  return quarters.length === 0 ? undefined : join(published, quarters.sort().at(-1));
}

/** What each page is, and its file; the file may be missing. */
export function pages(board) {
  const pack = newest(board);
  const file = (name) => (pack === undefined ? undefined : join(pack, name));
  return {
    index: file('index.html'),
    privacy: file('privacy.html'),
    methodology: file('methodology.html'),
    validation: pack && join(out, board, 'work/validation', `${basename(pack)}.html`),
  };
}

/** A file of the pack that a page stands in. */
export function beside(page, name) {
  return resolve(page, '..', name);
}

/** Whether a program is there. Where it must be, and is not, this fails. */
export function has(program) {
  const found = process.env.PATH.split(':').some((folder) => existsSync(join(folder, program)));
  assert.ok(found || !process.env.SMIRR_MUST_RUN, `there is no ${program}`);
  return found;
}

export const THEMES = ['light', 'dark'];
export const WIDTHS = [320, 768, 1280];

// The network flags keep Chromium itself quiet, so that any request that a test sees is the page's own.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

let started;
function browser() {
  assert.equal(missing([]), undefined);
  started ??= playwright.chromium.launch({ executablePath: executable, args: FLAGS });
  return started;
}
after(async () => {
  if (started) await (await started).close();
});

/** Why a test of these files cannot run here, or nothing. */
function missing(files) {
  if (!playwright || !axe) return 'playwright-core and axe-core are not installed (`npm ci` in tests/browser)';
  if (!existsSync(executable)) return `there is no Chromium at ${executable} (SMIRR_CHROMIUM names another)`;
  const lost = files.filter((file) => file === undefined || !existsSync(file));
  return lost.length === 0 ? undefined : `there is no ${lost[0] ?? 'pack'} (SMIRR_OUT; packs.py makes all)`;
}

/**
 * A test on pages. What it needs and does not find makes it skipped by name; where SMIRR_MUST_RUN is set, as in CI, it
 * fails instead: a run that looked at nothing is no pass.
 */
export function on(name, files, body) {
  const why = missing(files);
  if (why === undefined) return test(name, { timeout: 120_000 }, body);
  if (process.env.SMIRR_MUST_RUN) return test(name, () => assert.fail(why));
  return test(name, { skip: why }, () => {});
}

/**
 * Opens a file as a reader would, hands the page to `body`, and then asks that nothing went wrong in it: no message of
 * an error, no script that threw, no dialogue, and no request but for the file itself.
 */
export async function visit(file, options, body) {
  const { hash = '', ...context } = options;
  const url = pathToFileURL(file).href;
  const faults = [];
  const opened = await (await browser()).newContext({ reducedMotion: 'reduce', acceptDownloads: true, ...context });
  try {
    await opened.route('**/*', (route) => {
      const asked = route.request().url();
      if (asked.split('#')[0] === url || asked.startsWith('data:')) return route.continue();
      faults.push(`it asked for ${asked.slice(0, 200)}`);
      return route.abort();
    });
    const page = await opened.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`a script threw: ${error.message}`));
    page.on('dialog', (dialog) => {
      faults.push(`a dialogue: ${dialog.message()}`);
      return dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:') && !request.url().startsWith('blob:'))
        faults.push(`it asked for ${request.url().slice(0, 200)}`);
    });
    await page.goto(url + hash);
    await body(page);
  } finally {
    await opened.close();
  }
  assert.deepEqual([...new Set(faults)], []);
}

/** What axe finds on the page as it is shown: by rule, with the elements. */
export async function violations(page) {
  // Evaluated, and not added as an element: the page's own policy stays in force, and would refuse that.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const found = await window.axe.run({
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
      rules: { 'target-size': { enabled: true } },
    });
    return found.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      count: nodes.length,
      first: nodes.slice(0, 3).map((node) => `${node.target.join(' ')}: ${node.html.slice(0, 160)}`),
    }));
  });
}

/** Opens every part that can be folded away. */
export async function unfold(page) {
  await page.evaluate(() => document.querySelectorAll('details').forEach((it) => { it.open = true; }));
}

/** Keeps a picture of the page for people to look at, where SMIRR_SCREENSHOTS names a folder. */
export async function picture(page, name) {
  const folder = process.env.SMIRR_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
