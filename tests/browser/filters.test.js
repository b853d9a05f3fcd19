// Choosing an area, and taking figures away: by keyboard alone, as someone does who has no mouse.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { on, pages, unfold, visit } from './support.js';

const { index } = pages('demo');

/** Presses Tab until this has the focus; a keyboard has no other way there. */
async function tabTo(page, locator) {
  for (let press = 0; press < 500; press += 1) {
    if (await locator.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail('Tab does not come there');
}

/** The areas that can be chosen: level, code, name. */
function places(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('section[data-area]')]
      .map((it) => ({ level: it.dataset.level, area: it.dataset.area }))
      .filter((it, at, all) => all.findIndex((other) => other.area === it.area && other.level === it.level) === at));
}

/** The areas whose figures are on the screen. */
async function shown(page) {
  const all = await page.evaluate(() =>
    [...document.querySelectorAll('section[data-area]')]
      .filter((it) => it.checkVisibility())
      .map((it) => `${it.dataset.level}/${it.dataset.area}`));
  return [...new Set(all)];
}

const level = (page) => page.getByLabel('Kind of area');
const area = (page) => page.getByLabel('Area', { exact: true });
const search = (page) => page.getByLabel('Find an area');
const says = (page) => page.getByRole('status').innerText();

on('index: an area is chosen by keyboard, the address keeps it, and Back goes back', [index], () =>
  visit(index, {}, async (page) => {
    const [whole] = await shown(page);
    const finer = (await places(page)).filter((it) => !whole.startsWith(`${it.level}/`));
    assert.ok(finer.length >= 2, 'the demo has areas below the board');

    await tabTo(page, level(page));
    await page.keyboard.press('ArrowDown');
    const first = await shown(page);
    assert.equal(first.length, 1, 'one area at a time');
    assert.notEqual(first[0], whole);
    await tabTo(page, area(page));
    await page.keyboard.press('ArrowDown');
    const second = await shown(page);
    assert.notDeepEqual(second, first);

    const code = second[0].split('/')[1];
    assert.ok((await says(page)).includes(code), 'the status line says which area is shown');
    assert.ok(decodeURIComponent(page.url()).includes(second[0]));
    await page.reload();
    assert.deepEqual(await shown(page), second, 'the address restores it');
    await page.goBack();
    assert.deepEqual(await shown(page), first);
    await page.goBack();
    assert.deepEqual(await shown(page), [whole]);
    await page.goForward();
    assert.deepEqual(await shown(page), first);
  }));

on('index: an area is found by its name, a part of it, and its code', [index], () =>
  visit(index, {}, async (page) => {
    const wanted = (await places(page)).at(-1);
    const name = await page.evaluate(
      (code) => [...document.querySelectorAll('option')].find((it) => it.value === code).text,
      wanted.area,
    );
    const [whole] = await shown(page);
    const words = name === wanted.area ? [name] : [name, name.toUpperCase(), name.slice(0, -2)];
    for (const text of [wanted.area, ...words]) {
      await page.goto(page.url().split('#')[0]);
      await page.reload();
      assert.deepEqual(await shown(page), [whole]);
      await tabTo(page, search(page));
      await page.keyboard.type(text);
      await page.keyboard.press('Enter');
      assert.deepEqual(await shown(page), [`${wanted.level}/${wanted.area}`], `searching for ${text}`);
      assert.ok((await says(page)).includes(name));
    }
  }));

on('index: a name that no area has changes nothing, and the page says so', [index], () =>
  visit(index, {}, async (page) => {
    const before = await shown(page);
    await tabTo(page, search(page));
    await page.keyboard.type('Brigadoon');
    await page.keyboard.press('Enter');
    assert.deepEqual(await shown(page), before);
    assert.match(await says(page), /Brigadoon/);
  }));

on('index: every area has its own figures, and only they are shown', [index], () =>
  visit(index, {}, async (page) => {
    const texts = new Set();
    const all = await places(page);
    for (const place of all) {
      await page.evaluate((hash) => { location.hash = hash; }, `area=${place.level}/${place.area}`);
      await page.waitForFunction((code) => document.querySelector('[role=status]').innerText.includes(code), place.area);
      assert.deepEqual(await shown(page), [`${place.level}/${place.area}`]);
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
    await page.mouse.click(at.x, at.y);
    assert.ok((await shown(page))[0].endsWith(`/${code}`));
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
