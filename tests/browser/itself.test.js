// That these tests can fail: each fault, planted on a page of its own, is found.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { focused, atStops, numberStops, pale, sticksOut } from './look.js';
import { on, violations, visit } from './support.js';

const sound = '<h1>A page</h1><p>Text <a href="#x">and a link</a></p>';
const page = (body, style = '') =>
  `<!doctype html><html lang="en"><head><title>A page</title><meta name="viewport" content="width=device-width">
  <link rel="icon" href="data:,"><style>${style}</style></head><body><main id="x">${body}</main></body></html>`;

/** Visits a page that is made up here. */
async function visitMadeUp(html, body, options = { viewport: { width: 320, height: 600 } }) {
  const folder = mkdtempSync(join(tmpdir(), 'smirr-page-'));
  try {
    writeFileSync(join(folder, 'page.html'), html);
    await visit(join(folder, 'page.html'), options, body);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

on('a sound page passes every look', [], () =>
  visitMadeUp(page(sound), async (it) => {
    assert.deepEqual(await violations(it), []);
    assert.deepEqual(await it.evaluate(pale), []);
    assert.deepEqual(await it.evaluate(sticksOut), []);
    assert.equal(await it.evaluate(numberStops), 1);
  }));

on('axe finds a picture without words', [], () =>
  visitMadeUp(page(`${sound}<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`), async (it) => {
    assert.deepEqual((await violations(it)).map((found) => found.id), ['image-alt']);
  }));

const PALE = {
  'pale text': [sound, 'p { color: #888 }'],
  'pale text on a tint that shines through': [sound, 'main { background: rgb(0 0 0 / 45%) } p { color: #333 }'],
  'a pale label of a chart': [`${sound}<svg width="90" height="40"><text y="20" fill="#999">12</text></svg>`],
  'a dark label on a dark bar': [
    `${sound}<svg width="90" height="40"><rect width="90" height="40" fill="#3f3685"/><text x="9" y="20">12</text></svg>`,
  ],
};
for (const [what, [body, style]] of Object.entries(PALE)) {
  on(`${what} is found`, [], () =>
    visitMadeUp(page(body, style), async (it) => assert.equal((await it.evaluate(pale)).length > 0, true)));
}

const OUTLINED = '<svg width="90" height="40"><rect width="90" height="40" fill="#3f3685"/><text x="9" y="20" ';
on('a dark label on a dark bar stands on its own outline, where that is painted first', [], async () => {
  const found = (attributes) => {
    let count;
    return visitMadeUp(page(`${sound}${OUTLINED} stroke="#fff" stroke-width="3" ${attributes}>12</text></svg>`), async (it) => {
      count = (await it.evaluate(pale)).length;
    }).then(() => count);
  };
  assert.equal(await found('paint-order="stroke"'), 0);
  assert.equal(await found(''), 1);
});

on('what is wider than the window is found, and what scrolls by itself is not', [], async () => {
  const wide = '<div style="width: 400px">wide</div>';
  await visitMadeUp(page(sound + wide), async (it) => assert.equal((await it.evaluate(sticksOut)).length, 1));
  await visitMadeUp(page(`${sound}<div style="overflow-x: auto">${wide}</div>`), async (it) =>
    assert.deepEqual(await it.evaluate(sticksOut), []));
});

on('a focus that nobody sees is found', [], async () => {
  const first = async (html) => {
    let at;
    await visitMadeUp(html, async (it) => {
      assert.equal(await it.evaluate(numberStops), 1);
      await it.keyboard.press('Tab');
      at = await it.evaluate(focused);
      assert.equal((await it.evaluate(atStops, [at.stop])).length, 1);
    });
    return [at.outlined, at.inside, at.covered];
  };
  const outline = ':focus-visible { outline: 3px solid }';
  assert.deepEqual(await first(page(sound, outline)), [true, true, false]);
  assert.deepEqual(await first(page(sound, 'a { outline: none }')), [false, true, false]);
  assert.deepEqual(await first(page(sound, `${outline} a { position: fixed; left: -900px }`)), [true, false, true]);
  const over = '<div style="position: fixed; inset: 0; background: #fff">a bar over all</div>';
  assert.deepEqual(await first(page(sound + over, outline)), [true, true, true]);
});

const FAULTS = {
  'asks for': `${sound}<img alt="" src="https://board.invalid/counter.gif">`,
  'a dialogue': `${sound}<script>alert(1)</script>`,
  'a script threw': `${sound}<script>nothing()</script>`,
  'console: ': `${sound}<script>console.error('no')</script>`,
};
for (const [said, body] of Object.entries(FAULTS)) {
  on(`a visit fails where the page does what it may not: ${said}`, [], () =>
    assert.rejects(
      visitMadeUp(page(body), (it) => it.waitForLoadState('load')),
      (error) => JSON.stringify(error.actual).includes(said.replace('asks', 'asked')),
    ));
}
