// What an editor says of smirr's YAML: nothing of a file that `smirr check` accepts, a squiggle where a slip is one of
// shape, and help while it is typed.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Editor, program, repository } from './client.js';

const missing = program() === undefined && 'needs yaml-language-server; .ci/run has it';
assert.ok(!missing || !process.env.SMIRR_MUST_RUN, missing);

const BOARD = 'configs/demo.yaml';
const REPORT = 'reports/reach.yaml';
const TABLE = 'schemas/referrals.yaml';

const read = (path) => readFileSync(join(repository, path), 'utf8');

/** Every YAML file under a folder of the repository. */
function yaml(folder) {
  const found = readdirSync(join(repository, folder), { recursive: true });
  return found.filter((name) => name.endsWith('.yaml')).map((name) => join(folder, name));
}

/** What is wrong, as a person would count lines. */
const lines = (wrong) => wrong.map(({ range, message }) => `${range.start.line + 1}: ${message}`);

/** The place behind the first `|` of a text, and the text without it. */
function cursor(marked) {
  const at = marked.indexOf('|');
  const lead = marked.slice(0, at).split('\n');
  const position = { line: lead.length - 1, character: lead.at(-1).length };
  return { text: marked.slice(0, at) + marked.slice(at + 1), position };
}

describe('an editor', { skip: missing }, () => {
  let editor;
  before(async () => {
    editor = await Editor.open();
  });
  after(() => editor?.close());

  for (const path of ['configs', 'reports', 'schemas'].flatMap(yaml)) {
    test(`${path} is without a squiggle`, async () => {
      const { wrong } = await editor.show(path, read(path));
      assert.deepEqual(lines(wrong), []);
    });
  }

  // Fixtures do not say where their schema is: here a line before them does.
  const schemas = { configs: 'config', reports: 'report', schemas: 'table' };
  const asIf = (kind, text) => `# yaml-language-server: $schema=../schemas/${schemas[kind]}.schema.json\n${text}`;
  for (const kind of ['configs', 'reports']) {
    for (const path of yaml(join('tests/fixtures', kind))) {
      test(`${path} is without a squiggle`, async () => {
        const { wrong } = await editor.show(join(kind, 'x.yaml'), asIf(kind, read(path)));
        assert.deepEqual(lines(wrong), []);
      });
    }
  }

  // Every board that the unit tests loaded, where they were asked to keep them: `SMIRR_KEEP_YAML`.
  const kept = process.env.SMIRR_KEPT_YAML;
  const unkept = { skip: !kept && 'needs the YAML that unit tests keep; .ci/run has it' };

  /** Each file of a board that unit tests kept, as the editor sees it. */
  async function* shown() {
    for (const board of readdirSync(kept)) {
      const complaints = JSON.parse(readFileSync(join(kept, board, 'complaints.json'), 'utf8'));
      const files = readdirSync(join(kept, board), { recursive: true }).filter((name) => name.endsWith('.yaml'));
      for (const file of files) {
        const own = readFileSync(join(kept, board, file), 'utf8');
        const text = asIf(dirname(file), own);
        yield { name: `${board}/${file}`, text, file, complaints: complaints.filter((it) => it.file === file) };
      }
    }
  }

  test('what smirr check accepts is without a squiggle', unkept, async () => {
    const judged = [];
    for await (const { name, text, file, complaints } of shown()) {
      if (complaints.length > 0) continue;
      const judge = async () => lines((await editor.show(join(dirname(file), 'x.yaml'), text)).wrong);
      judged.push(judge().then((wrong) => wrong.map((line) => `${name}:${line}`)));
    }
    assert.deepEqual((await Promise.all(judged)).flat(), []);
    assert.ok(judged.length > 100, `${judged.length} files`);
  });

  // What `config/shape.rs` says; the rest is a matter of meaning, of which an editor knows nothing. To a schema `.nan` and
  // `.inf` are numbers.
  const shape = /^(unknown key|unknown word|the keys? (is|are) missing|expected .*, found (?!`\.(nan|inf)`)|.* is given twice)/;
  test('a slip of shape is squiggled on its line', unkept, async () => {
    const judged = [];
    for await (const { name, text, file, complaints } of shown()) {
      const slips = complaints.filter(({ message }) => shape.test(message));
      if (slips.length === 0) continue;
      judged.push(
        editor.show(join(dirname(file), 'x.yaml'), text).then(({ wrong }) => {
          // Where a key is given twice, the server says no more of the mapping.
          if (wrong.some(({ message }) => message === 'Map keys must be unique')) return [];
          const is = (line) => wrong.some(({ range }) => range.start.line <= line && line <= range.end.line);
          return slips.filter(({ line }) => !is(line)).map((it) => `${name}:${it.line} ${it.message}; ${lines(wrong)}`);
        }),
      );
    }
    assert.deepEqual((await Promise.all(judged)).flat(), []);
    assert.ok(judged.length > 40, `${judged.length} files`);
  });

  const slips = [
    [BOARD, '  ledger:', '  leger:', ['Property leger is not allowed.', 'Missing property "ledger".']],
    [BOARD, 'quarter: 2026-Q3', 'quarter: 2026-Q5', ['as in `2026-Q3`']],
    [BOARD, 'patients: 200000', 'patients: many', ['Expected "integer"']],
    [BOARD, 'patients: 200000', 'patients: 2', ['minimum of 100']],
    [BOARD, 'dirt: 2%', 'dirt: 0.02', ['percent sign']],
    [BOARD, 'rho: "0.25"', 'rho: inf', ['"0.25", "1/4"']],
    [BOARD, '{ rho: "0.25", delta: "1e-7" }', '{ delta: "1e-7" }', ['Exactly one of `rho`, `epsilon`']],
    [BOARD, '{ file: out/demo/demo.key }', '{ file: a, env: B }', ['Exactly one of `file`, `env`, `command`']],
    [BOARD, 'xlsx, csv', 'xslx, csv', ['Valid values: "html", "ods", "xlsx"']],
    [BOARD, 'licence: OGL-UK-3.0', 'licence: MIT', ['Valid values: "OGL-UK-3.0"']],
    [BOARD, 'simd_quintile: country', 'simd_quintile: contry', ['`country`, or `within`']],
    [BOARD, /data_zones: out.*/, 'data_zones: { pth: x.csv }', ['Property pth is not allowed.']],
    [BOARD, 'board: NHS Strathmirr', 'board: [NHS]', ['Expected one of string']],
    [REPORT, 'persons: referrals', 'person: referrals', ['Property person is not allowed.', 'Exactly one of `persons`']],
    [REPORT, 'persons: referrals', 'persons: referrals\n    events: contacts', ['Exactly one of `persons`']],
    [REPORT, 'protects: patient', 'protects: [patients]', ['Valid values: "patient", "practitioner"']],
    [REPORT, 'convention: scotpho', 'convention: phs', ['Valid values: "phe", "scotpho"']],
    [REPORT, 'per: 1000', 'per: many', ['Expected "integer"']],
    [REPORT, '{ bars: referral_rate', '{ bar: referral_rate', ['Property bar is not allowed.', 'Exactly one of `bars`']],
    [REPORT, '  referred:\n', '  Referred:\n', ['lower-case letters']],
    [TABLE, 'type: code', 'type: cod', ['Valid values: "chi", "nhs_number"']],
    [TABLE, 'required: true', 'required: yes', ['Expected "boolean"']],
    [TABLE, '[1990-01-01, today]', '[1990-01-01]', ['Expected 2 or more']],
    [TABLE, 'quarantined: 10%', 'quarantined: 10', ['percent sign']],
    [TABLE, 'table: referrals\n', '', ['Missing property "table".']],
  ];
  for (const [path, from, to, expected] of slips) {
    test(`${path}: ${JSON.stringify(to)} is squiggled`, async () => {
      const whole = read(path);
      const text = whole.replace(from, to);
      assert.notEqual(text, whole);
      const { wrong } = await editor.show(path, text);
      for (const part of expected) assert.ok(lines(wrong).some((line) => line.includes(part)), `${part}: ${lines(wrong)}`);
      assert.equal(wrong.length, expected.length, `${lines(wrong)}`);
      // On the line of the slip, where both texts part; or of the mapping that lacks something.
      const parting = [...text].findIndex((letter, at) => letter !== whole[at]);
      const at = text.slice(0, parting).split('\n').length;
      const near = wrong.filter(({ range, message }) => range.start.line + 1 === at || /^(Missing|Exactly)/.test(message));
      assert.equal(near.length, wrong.length, `line ${at}: ${lines(wrong)}`);
    });
  }

  const modeline = (kind) => `# yaml-language-server: $schema=../schemas/${kind}.schema.json\n`;
  const board = modeline('config');
  const offers = [
    ['the top level of a board', BOARD, `${board}board: x\n|`, ['quarter', 'sources', 'pseudonyms', 'geography', 'privacy', 'reports', 'publish']],
    ['privacy.loss', BOARD, `${board}privacy:\n  loss:\n    |`, ['rho', 'epsilon', 'delta']],
    ['publish.formats', BOARD, `${board}publish:\n  formats:\n    - |`, ['html', 'ods', 'xlsx', 'csv', 'parquet']],
    ['publish.formats in brackets', BOARD, `${board}publish:\n  formats: [|]`, ['html', 'ods', 'xlsx', 'csv', 'parquet']],
    ['a source', BOARD, `${board}sources:\n  data_zones:\n    p: x\n    |`, ['path', 'schema']],
    ['publish.licence', BOARD, `${board}publish:\n  licence: |`, ['OGL-UK-3.0', 'CC-BY-4.0', 'CC0-1.0']],
    ['the top level of a report', REPORT, `${modeline('report')}title: x\n|`, ['protects', 'by', 'measures', 'rates', 'charts', 'words']],
    ['a measure', REPORT, `${modeline('report')}measures:\n  referred:\n    |`, ['persons', 'events', 'sum', 'mean', 'funnel', 'wait', 'where', 'per_person', 'share']],
    ['protects', REPORT, `${modeline('report')}protects: |`, ['patient', 'practitioner']],
    ['a chart', REPORT, `${modeline('report')}charts:\n  - |`, ['bars', 'map', 'trend']],
    ['the top level of a table', TABLE, `${modeline('table')}table: x\n|`, ['from', 'row', 'columns', 'limits']],
    ['a column type', TABLE, `${modeline('table')}columns:\n  chi:\n    type: |`, ['chi', 'token', 'code', 'reference', 'date', 'integer', 'area', 'text']],
    ['a column', TABLE, `${modeline('table')}columns:\n  sex:\n    type: code\n    |`, ['codes', 'required', 'breach', 'description']],
  ];
  for (const [place, path, marked, expected] of offers) {
    test(`${place} is completed, each offer with what it means`, async () => {
      const { text, position } = cursor(marked);
      const { uri } = await editor.show(path, text);
      const offered = await editor.complete(uri, position);
      for (const label of expected) {
        const offer = offered.get(label);
        assert.ok(offer, `${label} is not among ${[...offered.keys()]}`);
        const meaning = offer.documentation?.value ?? offer.documentation ?? '';
        assert.ok(meaning.length > 5, `${label} is offered without a word on what it means`);
      }
    });
  }

  const hovers = [
    [BOARD, 'quarter:', ['The calendar quarter: `2026-Q3` is July to September.', 'Example:']],
    [BOARD, 'loss:', ["The loss that this quarter's reports share.", 'rho: "0.25"']],
    [BOARD, 'ledger:', ['The ledger: one a board, for ever.']],
    [BOARD, 'licence:', ['The licence of what is published', '`CC-BY-4.0`: Creative Commons Attribution 4.0.']],
    [BOARD, 'organisations:', ["Where a table's extracts are"]],
    [REPORT, 'where:', ['Only rows for which this holds', "status <> 'declined'"]],
    [REPORT, 'protects:', ['Whom it protects', '`practitioner`: Each practitioner']],
    [REPORT, 'registered:', ['One measure. Exactly one of `persons`']],
    [REPORT, 'convention:', ['Whose convention', '`phe`: SII is the slope']],
    [TABLE, 'dated_by:', ['The column whose date places a row in a quarter.']],
    [TABLE, 'type:', ['What the text means.', '`token`: An identifier with no inner rule.']],
  ];
  for (const [path, word, expected] of hovers) {
    test(`${path}: what is said of ${word}`, async () => {
      const { text, position } = cursor(read(path).replace(new RegExp(`^( *)${word}`, 'm'), `$1|${word}`));
      const { uri } = await editor.show(path, text);
      const said = await editor.hover(uri, { ...position, character: position.character + 1 });
      for (const part of expected) assert.ok(said.includes(part), `${part} is not in\n${said}`);
    });
  }

  test('a copy without the schema beside it is not squiggled red all over', async () => {
    const { wrong } = await editor.show('out/elsewhere/configs/x.yaml', read(BOARD));
    assert.ok(wrong.length <= 1, `${lines(wrong)}`);
  });
});

/** Each form of a text, with the examples beside it. */
function* forms(schema) {
  if (schema === null || typeof schema !== 'object') return;
  const text = schema.items?.pattern === undefined ? schema : schema.items;
  if (text.pattern !== undefined) yield [text.pattern, (schema.examples ?? []).flat()];
  for (const part of Object.values(schema)) yield* forms(part);
}

test('every example is of the form that is asked for beside it', () => {
  let seen = 0;
  for (const kind of ['config', 'report', 'table']) {
    for (const [pattern, examples] of forms(JSON.parse(read(`schemas/${kind}.schema.json`)))) {
      for (const example of examples) {
        assert.match(String(example), new RegExp(pattern, 'u'));
        seen += 1;
      }
    }
  }
  assert.ok(seen > 40, `${seen} examples`);
});
