'use strict';

// The pages that people read: their links lead somewhere, their sentences are short, and what they name is there.

const assert = require('assert');
const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('node:test');

const root = path.join(__dirname, '..', '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8').replace(/\r\n/g, '\n');
const list = (folder, ending) => fs.readdirSync(path.join(root, folder)).filter((name) => name.endsWith(ending)).sort();
const below = (folder, ending) =>
  fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return below(name, ending);
    return name.endsWith(ending) ? [name] : [];
  });

const DOCS = list('docs', '.md').map((name) => `docs/${name}`);
const PAGES = [...list('.', '.md'), ...DOCS];
// Those that are written, not printed by the program, and not about the code.
const PROSE = ['README.md', 'SECURITY.md', 'overview.md', ...DOCS];

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/<!--[\s\S]*?-->/g, '');

/** The anchors of a page, as GitHub makes them of its headings. */
function anchors(page) {
  const seen = new Map();
  return withoutCode(read(page)).split('\n').filter((line) => /^#{1,6} /.test(line)).map((line) => {
    const title = line.replace(/^#+ /, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase();
    const slug = title.replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, '').replace(/ /g, '-');
    const times = seen.get(slug) || 0;
    seen.set(slug, times + 1);
    return times ? `${slug}-${times}` : slug;
  });
}

/** Where a page leads, outside its blocks of code. */
function targets(page) {
  const text = withoutCode(read(page)).replace(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\(([^()\s]+)\)/g), ...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g)];
  return links.map((link) => link[1]);
}

test('every link of every page leads to a file and an anchor that are there', () => {
  let looked = 0;
  for (const page of PAGES) {
    for (const target of targets(page)) {
      if (/^(https?|mailto):/.test(target)) continue;
      looked += 1;
      const [file, anchor] = target.split('#');
      const to = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      assert.ok(fs.existsSync(path.join(root, to)), `${page} links to ${target}`);
      if (anchor !== undefined) assert.ok(anchors(to).includes(anchor), `${page} links to ${target}; there are ${anchors(to)}`);
    }
  }
  assert.ok(looked > 80, `${looked} links`);
});

test('the page of the Marketplace has no link that only a repository resolves', () => {
  assert.deepStrictEqual(targets('overview.md').filter((target) => !target.startsWith('https://')), []);
});

test('README is short, says its status first, and leads to every page', () => {
  const lines = read('README.md').trimEnd().split('\n');
  assert.ok(lines.length <= 120, `${lines.length} lines`);
  assert.match(lines[1], /^\*\*Status\*\*: /);
  const missing = PAGES.filter((page) => !['README.md', 'overview.md'].includes(page) && !targets('README.md').some((to) => to.split('#')[0] === page));
  assert.deepStrictEqual(missing, []);
  const contents = read('README.md').split('## Contents')[1].split('\n## ')[0];
  const listed = [...contents.matchAll(/\(#([^)]*)\)/g)].map((link) => link[1]);
  assert.deepStrictEqual(listed, anchors('README.md').slice(2));
  for (const command of ['scripts/demo', 'scripts/test']) assert.ok(lines.includes(command), command);
});

/** The sentences of a page: of its paragraphs, its points, and the cells of its tables. */
function sentences(text) {
  const blocks = [];
  for (const block of withoutCode(text).split(/\n\s*\n/)) {
    let current = '';
    for (const line of block.split('\n')) {
      if (/^\s*\|/.test(line)) {
        blocks.push(current, ...line.split('|'));
        current = '';
      } else if (/^\s*([-*] |\d+\. |#)/.test(line)) {
        blocks.push(current);
        current = line;
      } else {
        current += ` ${line.trim()}`;
      }
    }
    blocks.push(current);
  }
  const plain = (block) => block.replace(/`[^`]*`/g, 'X').replace(/\]\([^)]*\)/g, ']').replace(/<[^>]*>/g, '');
  return blocks.flatMap((block) => plain(block).split(/(?<=[.!?]\)?)\s+|(?<=[:;])\s+(?=[\p{Lu}*`[(])/u)).map((sentence) => sentence.replace(/^[\s\-*#|\d.]+/, '').trim());
}

const words = (sentence) => sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));

test('the check of sentences finds what it looks for', () => {
  const long = Array(31).fill('word').join(' ');
  const lengths = (text) => sentences(text).map((sentence) => words(sentence).length).filter((count) => count > 0);
  assert.deepStrictEqual(lengths(`A first one. ${long}, on\ntwo lines.\n\n- What it is\n- \`a b\` [c d](e)\n\n| Who | x y |\n`), [3, 34, 3, 3, 1, 2]);
});

test('no sentence is longer than thirty words, and none begins with what or who', () => {
  const bad = [];
  let looked = 0;
  for (const page of PROSE) {
    for (const sentence of sentences(read(page))) {
      const count = words(sentence).length;
      looked += count ? 1 : 0;
      if (count > 30) bad.push(`${page}: ${count} words: ${sentence}`);
      // A heading of a column is no sentence.
      if (/^(What|Who)\b/.test(sentence) && count > 1) bad.push(`${page}: ${sentence}`);
    }
  }
  assert.deepStrictEqual(bad, []);
  assert.ok(looked > 500, `${looked} sentences`);
});

test('every step of a page sets only inputs that the task has, and values that they allow', () => {
  const manifest = JSON.parse(read('task/task.json'));
  const inputs = new Map(manifest.inputs.flatMap((input) => [input.name, ...(input.aliases || [])].map((name) => [name, input])));
  let looked = 0;
  for (const page of PAGES) {
    for (const [, block] of read(page).matchAll(/^ *```yaml\n([\s\S]*?)^ *```$/gm)) {
      const lines = block.split('\n');
      lines.forEach((line, at) => {
        const step = /^( *)- task: AdoEntraAuth@1/.exec(line);
        if (!step) return;
        const indent = step[1].length + 4;
        for (let next = at + 1; next < lines.length && /^ +/.test(lines[next]) && !/^ *- /.test(lines[next]); next += 1) {
          const set = new RegExp(`^ {${indent}}(\\w+): *([^#]*?) *(?:#.*)?$`).exec(lines[next]);
          if (!set) continue;
          const input = inputs.get(set[1]);
          assert.ok(input, `${page}: ${lines[next]}`);
          if (input.type === 'pickList') assert.ok(set[2] in input.options, `${page}: ${lines[next]}`);
          looked += 1;
        }
      });
    }
  }
  assert.ok(looked > 10, `${looked} inputs`);
});

test('every row of inputs.md is an input, and every input is on a page', () => {
  const names = JSON.parse(read('task/task.json')).inputs.map((input) => input.name);
  const table = read('docs/inputs.md').split('## ')[0];
  const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map((row) => row[1]);
  assert.deepStrictEqual(rows.filter((name) => !names.includes(name)), []);
  const kinds = read('docs/identities.md');
  assert.deepStrictEqual(names.filter((name) => !rows.includes(name) && !kinds.includes(`\`${name}\``)), []);
});

/** The names of tests, as `file::name`, Rust's and Node's. */
function tests() {
  const found = new Set();
  for (const file of [...below('tests', '.rs'), ...below('src', '.rs')]) {
    const module = path.basename(file, '.rs') === 'mod' ? path.basename(path.dirname(file)) : path.basename(file, '.rs');
    for (const [, name] of read(file).matchAll(/#\[test\]\n(?:#\[[^\n]*\]\n)*\s*fn (\w+)/g)) found.add(`${module}::${name}`);
  }
  for (const file of below('tests', '.test.js')) {
    for (const [, name] of read(file).matchAll(/^test\('([^']*)'/gm)) found.add(`${path.basename(file, '.test.js')}::${name}`);
  }
  const matrix = read('tests/end_to_end/promises/mod.rs');
  const [, tools, versions] = matrix.split('@each $check; ').map((list) => [...list.split(');')[0].matchAll(/(\w+) [A-Z_0-9]+/g)].map((tool) => tool[1]));
  const [, ofTask, ofClients] = matrix.split(/^ {4}\[\w+\]$/m).map((rows) => [...rows.matchAll(/^ {4}(\w+): \w+::\w+;/gm)].map((row) => row[1]));
  for (const promise of [...ofTask, ...ofClients]) for (const tool of tools) found.add(`promises::${promise}::${tool}`);
  for (const promise of ofClients) for (const tool of versions) found.add(`promises::${promise}::${tool}`);
  return found;
}

test('every test that a page names is there', () => {
  const there = tests();
  const rows = ['undo::maven', 'token_nowhere::cargo', 'one_host::npm_6'].map((row) => `promises::${row}`);
  assert.ok(rows.every((row) => there.has(row)) && !there.has('promises::undo::npm_6'), [...there].filter((name) => name.startsWith('promises::')).join());
  let looked = 0;
  for (const page of PROSE) {
    for (const [, name] of read(page).matchAll(/`(\w+(?:::[^`]+)+)`/g)) {
      if (name === 'file::test') continue;
      assert.ok(there.has(name), `${page} names ${name}`);
      looked += 1;
    }
  }
  assert.ok(looked > 40, `${looked} names`);
});

test('each row of the threats names a test, or says that there is none', () => {
  const threats = read('SECURITY.md').split('## Threats')[1].split('\n## ')[0];
  const rows = threats.split('\n').filter((line) => /^\| /.test(line) && !/^\| (reader|it|neighbour|---)/.test(line));
  const bare = rows.filter((row) => !row.includes('::')).map((row) => row.split('|')[1].trim());
  assert.deepStrictEqual(bare, [
    'names a service connection, while the pipeline keeps secrets from forks',
    'signs in as the pipeline, without a connection',
    'runs on a machine that has a managed identity',
    'runs code in the build, and the pipeline gives forks secrets',
    "a person who can write to the agent's folders"
  ]);
});

test('the picture is drawn from the stored run, and the Marketplace shows the same text', () => {
  const { draw, THEMES } = require('../../scripts/picture');
  const run = read('docs/pictures/run.txt');
  for (const theme of Object.keys(THEMES)) {
    assert.strictEqual(read(`docs/pictures/run-${theme}.svg`), draw(run.trimEnd().split('\n'), theme), `${theme}; scripts/picture draws it again`);
  }
  assert.ok(read('overview.md').includes(`\`\`\`text\n${run}\`\`\`\n`), 'overview.md shows docs/pictures/run.txt');
});

test('the pipelines, and the steps of the pages, are such as Azure Pipelines knows', (t) => {
  const python = ['bin/python', 'Scripts/python.exe'].map((name) => path.join(root, 'target', 'tools', 'pipelines', name)).find(fs.existsSync);
  if (!python) return t.skip('no check-jsonschema in target/tools');
  const files = ['azure-pipelines.yml', ...list('pipelines', '.yml').map((name) => `pipelines/${name}`)];
  const check = (names) => childProcess.spawnSync(python, [path.join(__dirname, 'pipelines.py'), ...names], { cwd: root, encoding: 'utf8' });
  const ended = check([...files, ...PAGES]);
  assert.deepStrictEqual([ended.stdout, ended.stderr, ended.status], ['', '', 0]);
  const folder = fs.mkdtempSync(path.join(require('os').tmpdir(), 'pipelines-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const page = path.join(folder, 'damaged.md');
  fs.writeFileSync(page, '```yaml\n- script: curl "a: b" <<< "c: d"\n```\n');
  assert.strictEqual(check([page]).status, 1, 'a page');
  const damages = [
    ['fetchDepth', 'fetchDept'],
    ['versionSpec: 20.x', 'versions: 20.x'],
    ['azureDevOpsServiceConnection:', 'azureDevOpsConnection:'],
    ['runOnce:', 'once:'],
    ['environment:', 'surroundings:']
  ];
  for (const [right, wrong] of damages) {
    const file = path.join(folder, 'damaged.yml');
    const text = read('pipelines/release.yml');
    assert.ok(text.includes(right), right);
    fs.writeFileSync(file, text.replaceAll(right, wrong));
    assert.strictEqual(check([file]).status, 1, wrong);
  }
});

test('every script that the pipelines run is there', () => {
  for (const file of ['azure-pipelines.yml', ...list('pipelines', '.yml').map((name) => `pipelines/${name}`)]) {
    for (const [, name] of read(file).matchAll(/(?:^|[\s"'])scripts\/([a-z]+)/gm)) {
      assert.ok(fs.existsSync(path.join(root, 'scripts', name)), `${file} runs scripts/${name}`);
    }
  }
});
