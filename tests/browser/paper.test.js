// The same pages without scripts, on paper, and how soon they are there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beside, has, on, pages, visit } from './support.js';

const demo = pages('demo');

/** A figure of the whole board, as the pack's CSV has it and as a reader would see it. */
function published(figure) {
  const [head, ...rows] = readFileSync(beside(demo.index, 'reach-health_board.csv'), 'utf8').trim().split('\n').map((it) => it.split(','));
  const dimensions = head.slice(0, head.indexOf('Figure')).filter((it) => !['Quarter', 'HB'].includes(it) && !it.endsWith('QF'));
  const row = rows.find((it) => it[head.indexOf('Figure')] === figure && dimensions.every((name) => it[head.indexOf(name)] === 'All'));
  return Number(row[head.indexOf('Value')]).toLocaleString('en-GB');
}

on('index: without scripts the figures of the board are there, and no control that does nothing', [demo.index], () =>
  visit(demo.index, { javaScriptEnabled: false }, async (page) => {
    const text = await page.locator('body').innerText();
    assert.ok(text.includes(published('referred')), `${published('referred')} people were referred`);
    assert.equal(await page.locator('select:visible, button:visible, input:visible').count(), 0);
    const folded = await page.evaluate(() => [...document.querySelectorAll('details')].findIndex((it) => !it.open && it.checkVisibility()));
    const part = page.locator('details').nth(folded);
    await part.locator('summary').click();
    assert.ok(await part.locator('table').first().isVisible(), 'what is folded away opens');
  }));

for (const [name, file] of Object.entries(demo)) {
  on(`${name}: on paper every table is there, and nothing to click`, [file], () =>
    visit(file, {}, async (page) => {
      const captions = await page.evaluate(() =>
        [...document.querySelectorAll('table')].filter((it) => !it.closest('[hidden]')).map((it) => it.caption?.innerText ?? it.caption?.textContent ?? ''));
      const pdf = await page.pdf({ format: 'A4' });
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.locator('select:visible, button:visible, input:visible').count(), 0);
      if (!has('pdftotext')) return;
      const plain = (text) => text.replace(/\s+/g, '');
      const text = plain(execFileSync('pdftotext', ['-', '-'], { input: pdf, maxBuffer: 1 << 26 }).toString());
      const lost = captions.filter((it) => !text.includes(plain(it)));
      assert.deepEqual(lost, []);
    }));

  on(`${name}: the first paint from disk takes less than a second`, [file], async () => {
    // A bound, and no benchmark: the best of three, so that other work on the machine is not measured.
    const paints = [];
    for (let at = 0; at < 3; at += 1) {
      await visit(file, { viewport: { width: 1280, height: 900 } }, async (page) => {
        await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
        paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
      });
    }
    assert.ok(Math.min(...paints) < 1000, `${paints} ms`);
  });
}
