// Every page, in both themes and at three widths: what a machine can say about whether everyone can read and use it.
import assert from 'node:assert/strict';
import { THEMES, WIDTHS, on, pages, picture, unfold, violations, visit } from './support.js';
import { focused, markInteractive, pale, sticksOut } from './look.js';

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
    const paper = (colorScheme) => {
      let colour;
      return visit(file, { colorScheme }, async (page) => {
        colour = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      }).then(() => colour);
    };
    assert.notEqual(await paper('light'), await paper('dark'));
  });

  for (const width of [320, 1280]) {
    on(`${name}, ${width} px: Tab reaches all that can be used, and shows where it is`, [file], () =>
      visit(file, { viewport: { width, height: 900 } }, async (page) => {
        const count = await page.evaluate(markInteractive);
        const wanted = new Set(Array.from({ length: count }, (_, at) => String(at)));
        const radios = await page.evaluate(() => [...document.querySelectorAll('[type=radio]')].map((it) => it.dataset.reach));
        const reached = new Set();
        // Twice round is far enough: what is scrolled by itself is a stop of its own.
        for (let press = 0; press < 2 * count + 50; press += 1) {
          await page.keyboard.press('Tab');
          const at = await page.evaluate(focused);
          if (at === null) break;
          assert.ok(at.outlined, `no focus is shown on ${at.html}`);
          assert.ok(at.inside && !at.covered, `the focus is out of sight on ${at.html}`);
          if (at.reach !== undefined) reached.add(at.reach);
        }
        for (const radio of radios) if (reached.has(radio)) reached.add(radio);
        const lost = [...wanted].filter((it) => !reached.has(it));
        const named = await page.evaluate(
          (all) => all.map((it) => document.querySelector(`[data-reach="${it}"]`)).filter(Boolean).map((it) => it.outerHTML.slice(0, 120)),
          lost,
        );
        assert.deepEqual(named, [], 'Tab does not reach these');
        assert.ok(radios.every((it) => reached.has(it)), 'Tab reaches no button of a group');
      }));
  }
}
