// Makes the README's picture: what someone sees who opens the demo's page, down to the first charts. The figures are
// those of one run: the next run's noise is another.
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { pages, visit } from './support.js';

const width = 1100;
// As a test, so that the browser is closed at its end.
test('picture', () => visit(pages('demo').index, { viewport: { width, height: 1400 } }, async (page) => {
  const height = await page.locator('figure.chart').nth(1).evaluate((it) => it.getBoundingClientRect().bottom + scrollY + 16);
  const path = fileURLToPath(new URL('page.png', import.meta.url));
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width, height } });
}));
