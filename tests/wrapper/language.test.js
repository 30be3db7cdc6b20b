'use strict';

// An agent may run the task with Node 10, which ends at ES2018.

const assert = require('assert');
const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { nodes, root } = require('./task-folder.js');

const files = ['index.js', 'post.js'].map((name) => path.join(root, 'task', name));

for (const node of nodes()) {
  test(`${node.name} reads the wrapper`, { skip: node.skip }, () => {
    for (const file of files) {
      const { status, stderr } = childProcess.spawnSync(node.path, ['--check', file], { encoding: 'utf8' });
      assert.strictEqual(status, 0, stderr);
    }
  });
}

test('the wrapper uses nothing newer than ES2018 and Node 10', () => {
  const newer = {
    'optional chaining': /\?\.(?!\d)/,
    'nullish coalescing': /\?\?/,
    'a catch without a name': /catch\s*\{/,
    'a private member': /\bthis\.#|^\s*#\w/m,
    'logical assignment': /(\|\||&&)=/,
    'a numeric separator': /\d_\d/,
    'a big integer': /\b\d+n\b/,
    'the node: prefix': /['"]node:/,
    'an import': /^\s*(import|export)\b/m,
    'flat, flatMap, matchAll, replaceAll, at, fromEntries': /\.(flat|flatMap|matchAll|replaceAll|at|fromEntries|trimStart|trimEnd)\(/,
    'rmSync': /\brmSync\b/
  };
  for (const file of files) {
    const code = fs.readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    for (const [what, pattern] of Object.entries(newer)) assert.doesNotMatch(code, pattern, `${file}: ${what}`);
  }
});

test('the wrapper needs no package', () => {
  const known = ['child_process', 'crypto', 'fs', 'os', 'path', './index.js'];
  for (const file of files) {
    const names = [...fs.readFileSync(file, 'utf8').matchAll(/require\('([^']+)'\)/g)].map((match) => match[1]);
    assert.deepStrictEqual(names.filter((name) => !known.includes(name)), []);
  }
});
