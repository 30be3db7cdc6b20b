'use strict';

// What the programs are built of: licences and sources that deny.toml allows. `cargo deny` says more, where it is installed.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { components, notices } = require('../../scripts/packaging/components.js');
const { root, withoutTools } = require('./project.js');

const triples = [
  'x86_64-unknown-linux-musl', 'aarch64-unknown-linux-musl', 'x86_64-pc-windows-gnu', 'x86_64-apple-darwin', 'aarch64-apple-darwin'
];

/** Whether an SPDX expression can be met with these licences. */
function allowed(expression, licences) {
  const words = expression.match(/[()]|[^\s()]+/g);
  const alternatives = () => {
    let holds = both();
    while (words[0] === 'OR') words.shift(), (holds = both() || holds);
    return holds;
  };
  const both = () => {
    let holds = one();
    while (words[0] === 'AND') words.shift(), (holds = one() && holds);
    return holds;
  };
  const one = () => {
    const word = words.shift();
    if (word === '(') {
      const holds = alternatives();
      words.shift();
      return holds;
    }
    const exception = words[0] === 'WITH' ? ` ${words.splice(0, 2).join(' ')}` : '';
    return licences.includes(word + exception);
  };
  return alternatives();
}

test('an expression of licences is read as SPDX has it', () => {
  const licences = ['MIT', 'ISC'];
  const cases = {
    'MIT': true, 'GPL-3.0': false, 'GPL-3.0 OR MIT': true, 'MIT AND GPL-3.0': false, 'ISC AND (Apache-2.0 OR MIT)': true,
    'MIT OR ISC AND GPL-3.0': true, '(MIT OR Zlib) AND Unicode-3.0': false, 'MIT WITH LLVM-exception': false
  };
  for (const [expression, expected] of Object.entries(cases)) assert.strictEqual(allowed(expression, licences), expected, expression);
});

test('every crate comes from the registry, under a licence that deny.toml allows', { skip: withoutTools }, () => {
  const deny = fs.readFileSync(path.join(root, 'deny.toml'), 'utf8');
  const licences = [.../^allow = \[([^\]]*)\]/m.exec(deny)[1].matchAll(/^ *"([^"]+)"/gm)].map((match) => match[1]);
  assert.ok(licences.includes('MIT'), licences.join());
  const found = components(triples);
  assert.ok(found.size > 100, `${found.size} crates`);
  for (const [name, { package: entry, checksum }] of found) {
    if (entry.name === 'ado-entra-auth') continue;
    assert.match(entry.source, /^registry\+https:/, name);
    assert.match(checksum || '', /^[0-9a-f]{64}$/, name);
    assert.ok(allowed(entry.license.replace(/\s*\/\s*/g, ' OR '), licences), `${name}: ${entry.license}`);
  }
});

test('the notices have a text of each licence, also where a crate or a library brings none', { skip: withoutTools }, () => {
  const found = components(triples);
  const [list, texts] = notices(found).split(/\n-{80}\n(.*)/s);
  for (const name of [...found.keys()].filter((name) => !name.startsWith('ado-entra-auth'))) {
    assert.ok(list.includes(`\n${name}: `) && texts.includes(name), name);
  }
  const shared = new RegExp('winapi 0[^\\n]*winapi-x86_64-pc-windows-gnu 0');
  assert.match(texts, shared);
  for (const words of ['Copyright (c) Daniel Dulaney', 'the mingw-w64 project', 'Rich Felker']) {
    assert.ok(texts.includes(words), words);
  }
});

test('every dependency says in Cargo.toml what it is for', () => {
  const lines = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8').split('\n');
  let section = '';
  let seen = 0;
  for (const line of lines) {
    if (line.startsWith('[')) section = line;
    if (!/dependencies\]$/.test(section) || !/^[a-z]/.test(line)) continue;
    seen += 1;
    assert.match(line, /^[a-z0-9_-]+ = .* # \S/, line);
  }
  assert.ok(seen > 30, `${seen} dependencies`);
});
