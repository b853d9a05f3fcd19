// A board whose name, areas, files and reports' words are markup: it is shown as the text that it is, and nothing runs.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { on, pages, visit } from './support.js';

const demo = pages('demo');
// Written by `packs.py`: each calls `alert`, which `visit` takes for a fault.
const MARKUP = '<script>alert(1)</script><img src=x onerror=alert(2)>';

/** What a page is made of: scripts, and whatever could run one or ask for something. */
function active() {
  const attributes = [...document.querySelectorAll('*')].flatMap((it) => it.getAttributeNames());
  return {
    scripts: [...document.scripts].filter((it) => !it.type || /javascript|module/.test(it.type)).length,
    handlers: attributes.filter((name) => name.startsWith('on')),
    frames: document.querySelectorAll('iframe, object, embed, base, link[rel=stylesheet]').length,
    pictures: [...document.images].filter((it) => !it.src.startsWith('data:')).length,
    javascript: document.querySelectorAll('[href^="javascript:" i], [action^="javascript:" i]').length,
  };
}

for (const [name, file] of Object.entries(pages('hostile'))) {
  on(`${name}: markup in names and words is text`, [file, demo[name]], async () => {
    let scripts;
    await visit(demo[name], {}, async (page) => {
      scripts = (await page.evaluate(active)).scripts;
    });
    await visit(file, {}, async (page) => {
      assert.deepEqual(await page.evaluate(active), { scripts, handlers: [], frames: 0, pictures: 0, javascript: 0 });
      const text = await page.evaluate(() => document.body.textContent + document.title);
      assert.ok(text.includes(MARKUP), 'the name of the board is not on the page as it was given');
      assert.ok(text.includes('{{ 7 * 7 }}'), 'a name is not a template');
    });
  });
}

on('index: markup in what is packed is text as well', [pages('hostile').index], () =>
  visit(pages('hostile').index, {}, async (page) => {
    const packed = await page.evaluate(() => [...document.querySelectorAll('[data-place]')].map((it) => it.dataset.place));
    for (const place of packed) {
      await page.evaluate((hash) => { location.hash = hash; }, `area=${place}`);
      const shown = page.locator(`section[data-area="${place.split('/')[1]}"]:visible`).first();
      await shown.waitFor();
      assert.ok((await shown.textContent()).length > 0);
    }
    const { handlers, frames, pictures, javascript } = await page.evaluate(active);
    assert.deepEqual({ handlers, frames, pictures, javascript }, { handlers: [], frames: 0, pictures: 0, javascript: 0 });
  }));

for (const hash of ['#<img src=x onerror=alert(6)>', '#level=hscp&area=__proto__', '#%', '#level=constructor', '#area="]']) {
  on(`index: the address ends in ${hash}, and the board is shown`, [demo.index], () =>
    visit(demo.index, { hash }, async (page) => {
      assert.equal((await page.evaluate(active)).pictures, 0);
      assert.ok(await page.locator('main table').first().isVisible() || (await page.locator('main svg').first().isVisible()));
    }));
}

on('the pages of a pack carry a policy that lets nothing in', [demo.index], async () => {
  for (const file of Object.values(demo).filter((it) => existsSync(it))) {
    await visit(file, {}, async (page) => {
      const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
      assert.match(policy, /default-src 'none'/);
      assert.doesNotMatch(policy.match(/script-src[^;]*/)?.[0] ?? '', /unsafe|\*|https?:|data:/);
    });
  }
});
