'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const filter = byId('filter');

  // Downloads: the table beside a chart, as CSV that no spreadsheet takes for a formula.
  const field = (text) => {
    const isNumber = /^-?[\d,.]+( [(\[][\w\d ,.\-()\[\]]*)?$/.test(text);
    const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  };
  const csv = (table) => [...table.rows]
    .map((row) => [...row.cells].map((cell) => field(cell.textContent.trim())).join(',') + '\r\n').join('');
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-download]');
    if (!button) return;
    const link = document.createElement('a');
    const table = button.previousElementSibling.querySelector('table');
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: 'text/csv' }));
    link.download = button.dataset.download;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  document.querySelectorAll('[data-download]').forEach((button) => { button.hidden = false; });

  // On paper, tables are open.
  let opened = [];
  window.addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    opened.forEach((it) => { it.open = true; });
  });
  window.addEventListener('afterprint', () => { opened.forEach((it) => { it.open = false; }); });

  // Areas: one is shown at a time, and the address says which.
  if (!filter) return;
  const [level, area, search, status] = ['level', 'area', 'search', 'status'].map(byId);
  const places = [...area.querySelectorAll('optgroup')].flatMap((group) => [...group.children].map((option) => ({
    level: group.dataset.name, area: option.value, name: option.text, option,
  })));
  const label = (place) => place.name === place.area ? place.name : place.name + ' (' + place.area + ')';
  const parts = document.querySelectorAll('section[data-area]');
  const shapes = document.querySelectorAll('[data-map] [data-area]');
  const address = (place) => '#area=' + encodeURIComponent(place.level) + '/' + encodeURIComponent(place.area);
  let current = places[0];

  const show = (place) => {
    current = place;
    parts.forEach((it) => { it.hidden = it.dataset.level !== place.level || it.dataset.area !== place.area; });
    shapes.forEach((it) => {
      const map = it.closest('[data-map]').dataset.map;
      it.classList.toggle('chosen', map === place.level && it.dataset.area === place.area);
    });
    level.value = place.level;
    area.replaceChildren(...places.filter((it) => it.level === place.level).map((it) => it.option));
    area.value = place.area;
    status.textContent = filter.dataset.showing + label(place);
  };
  const choose = (place) => {
    if (place === current) return show(place);
    show(place);
    history.pushState(null, '', address(place));
  };
  const fromAddress = () => {
    const named = places.find((place) => address(place) === location.hash);
    if (named) show(named); else if (!location.hash) show(places[0]);
  };
  const found = (text) => {
    const wanted = text.trim().toLowerCase();
    const like = (test) => places.find((place) => [place.name, place.area, label(place)].map((it) => it.toLowerCase()).some(test));
    return wanted && (like((it) => it === wanted) || like((it) => it.startsWith(wanted)) || like((it) => it.includes(wanted)));
  };

  level.addEventListener('change', () => choose(places.find((it) => it.level === level.value)));
  area.addEventListener('change', () => choose(places.find((it) => it.level === level.value && it.area === area.value)));
  const find = () => {
    if (!search.value.trim()) return;
    const place = found(search.value);
    if (place) choose(place); else status.textContent = filter.dataset.none + search.value;
  };
  search.form.addEventListener('submit', (event) => { event.preventDefault(); find(); });
  search.addEventListener('change', () => { if (places.some((it) => label(it) === search.value)) find(); });
  document.addEventListener('click', (event) => {
    const shape = event.target.closest('[data-map] [data-area]');
    const map = shape && shape.closest('[data-map]').dataset.map;
    const place = shape && places.find((it) => it.level === map && it.area === shape.dataset.area);
    if (place) choose(place);
  });
  window.addEventListener('popstate', fromAddress);
  window.addEventListener('hashchange', fromAddress);

  byId('names').append(...places.map((place) => new Option(label(place), label(place))));
  filter.hidden = false;
  show(current);
  fromAddress();
})();
