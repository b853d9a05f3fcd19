// Makes the README's picture: what someone sees who opens the demo's page. Noise is drawn once, so the figures on it are
// those of one run of the demo.
import { fileURLToPath } from 'node:url';
import { pages, visit } from './support.js';

await visit(pages('demo').index, { viewport: { width: 1100, height: 1400 } }, async (page) => {
  await page.screenshot({ path: fileURLToPath(new URL('page.png', import.meta.url)) });
});
