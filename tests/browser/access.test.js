// Every page, in both themes and at three widths: what a machine can say about whether everyone can read and use it.
import assert from 'node:assert/strict';
import { THEMES, WIDTHS, on, pages, picture, unfold, violations, visit } from './support.js';
import { atStops, focused, numberStops, pale, sticksOut } from './look.js';

for (const [name, file] of Object.entries(pages('demo'))) {
  for (const colorScheme of THEMES) {
    for (const width of WIDTHS) {
      on(`${name}, ${colorScheme}, ${width} px: no fault of accessibility, nothing pale, nothing sticks out`, [file], () =>
        visit(file, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
          assert.deepEqual(await violations(page), []);
          await picture(page, `${name}-${colorScheme}-${width}`);
          await unfold(page);
          assert.deepEqual(await violations(page), [], 'with all that folds away laid open');
          assert.deepEqual(await page.evaluate(pale), []);
          assert.deepEqual(await page.evaluate(sticksOut), []);
        }));
    }
  }

  on(`${name}: the page takes the reader's theme`, [file], async () => {
    const papers = new Set();
    for (const colorScheme of THEMES) {
      await visit(file, { colorScheme }, async (page) => {
        papers.add(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      });
    }
    assert.equal(papers.size, THEMES.length);
  });

  for (const width of [320, 1280]) {
    on(`${name}, ${width} px: Tab reaches all that can be used, and shows where it is`, [file], () =>
      visit(file, { viewport: { width, height: 900 } }, async (page) => {
        const count = await page.evaluate(numberStops);
        const left = new Set(Array.from({ length: count }, (_, at) => String(at)));
        // What scrolls by itself is a stop of its own: so it may take more presses than there are numbers.
        for (let press = 0; press < 2 * count + 50 && left.size > 0; press += 1) {
          await page.keyboard.press('Tab');
          const at = await page.evaluate(focused);
          if (at === null) break;
          assert.ok(at.outlined, `no focus is shown on ${at.html}`);
          assert.ok(at.inside && !at.covered, `the focus is out of sight on ${at.html}`);
          left.delete(at.stop);
        }
        assert.deepEqual(await page.evaluate(atStops, [...left]), [], 'Tab does not reach these');
      }));
  }
}
