// Choosing an area, and taking figures away: by keyboard alone, as someone does who has no mouse.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { sticksOut } from './look.js';
import { on, pages, unfold, violations, visit } from './support.js';

const { index } = pages('demo');

/** Presses Tab until this has the focus; a keyboard has no other way there. */
async function tabTo(page, locator) {
  for (let press = 0; press < 500; press += 1) {
    if (await locator.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail('Tab does not come there');
}

/** The areas that can be chosen, as `level/code`: the one on the page, and those that it holds packed. */
function places(page) {
  return page.evaluate(() => {
    const unpacked = [...document.querySelectorAll('section[data-area]')].map((it) => `${it.dataset.level}/${it.dataset.area}`);
    const packed = [...document.querySelectorAll('[data-place]')].map((it) => it.dataset.place);
    return [...new Set([...unpacked, ...packed])];
  });
}

/** The areas whose figures are on the screen. */
function onScreen(page) {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll('section[data-area]')].filter((it) => it.checkVisibility());
    return [...new Set(all.map((it) => `${it.dataset.level}/${it.dataset.area}`))];
  });
}

/** What is on the screen once it is neither nothing nor `before`: areas are unpacked when they are asked for. */
async function next(page, before) {
  for (let wait = 0; wait < 100; wait += 1) {
    const now = await onScreen(page);
    if (now.length > 0 && now.join() !== before) {
      assert.equal(now.length, 1, 'one area at a time');
      return now[0];
    }
    await page.waitForTimeout(50);
  }
  return assert.fail(`nothing but ${before} is shown`);
}

const level = (page) => page.getByLabel('Kind of area');
const area = (page) => page.getByLabel('Area', { exact: true });
const search = (page) => page.getByLabel('Find an area');
const says = (page) => page.getByRole('status').innerText();

on('index: an area is chosen by keyboard, the address keeps it, and Back goes back', [index], () =>
  visit(index, {}, async (page) => {
    const whole = await next(page);
    await tabTo(page, level(page));
    await page.keyboard.press('ArrowDown');
    const first = await next(page, whole);
    await tabTo(page, area(page));
    await page.keyboard.press('ArrowDown');
    const second = await next(page, first);

    const code = second.split('/')[1];
    assert.ok((await says(page)).includes(code), 'the status line says which area is shown');
    assert.ok(decodeURIComponent(page.url()).includes(second));
    await page.reload();
    assert.equal(await next(page, whole), second, 'the address restores it');
    await page.goBack();
    assert.equal(await next(page, second), first);
    await page.goBack();
    assert.equal(await next(page, first), whole);
    await page.goForward();
    assert.equal(await next(page, whole), first);
  }));

on('index: an area is found by its name, a part of it, and its code', [index], async () => {
  let wanted;
  let words;
  await visit(index, {}, async (page) => {
    wanted = (await places(page)).at(-1);
    const code = wanted.split('/')[1];
    const label = await page.evaluate((it) => [...document.querySelectorAll('datalist option')].find((at) => at.value.includes(it)).value, code);
    const name = label.replace(` (${code})`, '');
    words = name === code ? [code] : [code, name, name.toUpperCase(), name.slice(0, -2), label];
  });
  for (const text of words) {
    await visit(index, {}, async (page) => {
      const whole = await next(page);
      await tabTo(page, search(page));
      await page.keyboard.type(text);
      await page.keyboard.press('Enter');
      assert.equal(await next(page, whole), wanted, `searching for ${text}`);
      assert.ok((await says(page)).includes(words[1] ?? words[0]));
    });
  }
});

on('index: a name that no area has changes nothing, and the page says so', [index], () =>
  visit(index, {}, async (page) => {
    const before = await onScreen(page);
    await tabTo(page, search(page));
    await page.keyboard.type('Brigadoon');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('[role=status]').innerText.includes('Brigadoon'));
    assert.deepEqual(await onScreen(page), before);
  }));

on('index: every area has its own figures, only they are shown, and they are as easy to read', [index], () =>
  visit(index, { viewport: { width: 320, height: 900 } }, async (page) => {
    const texts = new Set();
    const all = await places(page);
    assert.ok(all.length >= 3, 'the demo has areas below the board');
    for (const place of all) {
      const before = (await onScreen(page)).join();
      await page.evaluate((hash) => { location.hash = hash; }, `area=${place}`);
      assert.equal(await next(page, before === place ? undefined : before), place);
      assert.deepEqual(await violations(page), [], place);
      assert.deepEqual(await page.evaluate(sticksOut), [], place);
      texts.add(await page.locator('main').innerText());
    }
    assert.equal(texts.size, all.length);
  }));

on('index: a click on the map chooses that area', [index], () =>
  visit(index, { viewport: { width: 1280, height: 900 } }, async (page) => {
    const shape = page.locator('figure[data-map] path[data-area]').first();
    const code = await shape.getAttribute('data-area');
    // Where it is painted: the middle of its box may be sea.
    const at = await shape.evaluate((path) => {
      path.scrollIntoView({ block: 'center' });
      const box = path.getBBox();
      for (let step = 1; step < 400; step += 1) {
        const x = box.x + (box.width * (step % 20)) / 20;
        const y = box.y + (box.height * Math.floor(step / 20)) / 20;
        const on = new DOMPoint(x, y).matrixTransform(path.getScreenCTM());
        if (document.elementFromPoint(on.x, on.y) === path) return { x: on.x, y: on.y };
      }
      return null;
    });
    assert.ok(at, 'the area has a place that can be clicked');
    const whole = await next(page);
    await page.mouse.click(at.x, at.y);
    assert.ok((await next(page, whole)).endsWith(`/${code}`));
  }));

/** The fields of a CSV, by its rules. */
function fields(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows.filter((row) => row.length > 1 || row[0] !== '');
}

on('index: a table is taken away as CSV, by keyboard, with the values that it shows', [index], () =>
  visit(index, {}, async (page) => {
    await unfold(page);
    const button = page.getByRole('button', { name: /CSV/ });
    const count = await button.count();
    assert.ok(count > 0);
    for (const which of [0, count - 1]) {
      const one = button.nth(which);
      const table = await one.evaluate((it) => {
        const before = it.compareDocumentPosition.bind(it);
        const nearest = [...document.querySelectorAll('table')].filter((at) => before(at) & Node.DOCUMENT_POSITION_PRECEDING).at(-1);
        return [...nearest.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
      });
      await one.focus();
      const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
      assert.match(download.suggestedFilename(), /^[a-z0-9_.-]+\.csv$/i);
      assert.deepEqual(fields(readFileSync(await download.path(), 'utf8')), table);
    }
  }));
