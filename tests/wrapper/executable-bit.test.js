'use strict';

// The Marketplace's archive drops the executable bit, and the task folder may be read-only.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { TaskFolder, javascript, nodes, refusing } = require('./task-folder.js');

const windows = process.platform === 'win32' && 'Windows knows no executable bit';
const NAME = /^ado-entra-auth-copy-[A-Za-z0-9]{6}$/;

const WHO = javascript(`
  const fs = require('fs'), path = require('path'), self = __filename, folder = path.dirname(self);
  const mode = (file) => (fs.statSync(file).mode & 0o777).toString(8);
  console.log(JSON.stringify({ command, self, file: mode(self), folder: mode(folder) }));
`);

for (const node of nodes()) {
  const skip = windows || node.skip;

  test(`${node.name}: a missing bit is set where the program lies`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    const file = folder.program(WHO, { mode: 0o644 });
    const step = await folder.run('index.js', { node: node.path });
    assert.strictEqual(step.code, 0, step.stderr);
    assert.deepStrictEqual(step.commands(), []);
    assert.deepStrictEqual(JSON.parse(step.stdout), { command: 'task', self: file, file: '755', folder: '755' });
    assert.deepStrictEqual(folder.copies(), []);
  });

  for (const how of ['ro', 'noexec']) {
    test(`${node.name}: in a folder mounted ${how} a private copy runs, until the post-job part`, { skip }, async (t) => {
      const folder = new TaskFolder(t);
      folder.program(WHO, { mode: 0o644 });
      const mounted = refusing(folder, how);
      const step = await folder.run('index.js', { node: node.path, ...mounted });
      assert.strictEqual(step.code, 0, step.stdout + step.stderr);
      const [variable] = step.commands();
      assert.strictEqual(variable.name, 'task.settaskvariable');
      assert.deepStrictEqual(variable.properties, { variable: 'ADO_ENTRA_AUTH_COPY' });
      const copy = variable.data;
      assert.strictEqual(path.dirname(copy), folder.temporary);
      assert.match(path.basename(copy), NAME);
      assert.deepStrictEqual(JSON.parse(step.stdout.split('\n')[1]), {
        command: 'task',
        self: path.join(copy, 'ado-entra-auth'),
        file: '700',
        folder: '700'
      });
      assert.deepStrictEqual(folder.copies(), [path.basename(copy)]);

      const env = { ...mounted.env, VSTS_TASKVARIABLE_ADO_ENTRA_AUTH_COPY: copy };
      const post = await folder.run('post.js', { node: node.path, ...mounted, env });
      assert.strictEqual(post.code, 0, post.stdout + post.stderr);
      assert.deepStrictEqual(post.commands(), []);
      assert.strictEqual(JSON.parse(post.stdout).command, 'post');
      assert.deepStrictEqual(folder.copies(), []);
    });
  }
}

test('the copy is private whatever the umask, and its folder may have an odd name', { skip: windows }, async (t) => {
  for (const umask of ['000', '777']) {
    const folder = new TaskFolder(t);
    folder.program(WHO, { mode: 0o644 });
    folder.temporary = path.join(folder.home, '100%;] %0A temp');
    fs.mkdirSync(folder.temporary);
    const nodeArguments = [...(refusing(folder, 'ro').nodeArguments || []), ...folder.preload(`process.umask(0o${umask})`)];
    const step = await folder.run('index.js', { ...refusing(folder, 'ro'), nodeArguments });
    const { file, folder: around } = JSON.parse(step.stdout.split('\n')[1]);
    assert.deepStrictEqual([file, around], ['700', '700']);
    assert.strictEqual(step.commands()[0].data, path.join(folder.temporary, folder.copies()[0]));
  }
});

test('a read-only task folder without a temporary folder fails in words', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(WHO, { mode: 0o644 });
  fs.rmdirSync(folder.temporary);
  const error = (await folder.run('index.js', refusing(folder, 'ro'))).failure();
  assert.ok(error.includes(`could not be copied to ${folder.temporary}`), error);
});

test('the post-job part removes the copy also when the program is gone or fails', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  const copy = fs.mkdtempSync(path.join(folder.temporary, 'ado-entra-auth-copy-'));
  fs.writeFileSync(path.join(copy, 'ado-entra-auth'), '');
  (await folder.run('post.js', { env: { VSTS_TASKVARIABLE_ADO_ENTRA_AUTH_COPY: copy } })).warning();
  assert.deepStrictEqual(folder.copies(), []);
});

test('the post-job part removes nothing but a copy of its own', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(javascript(''));
  const make = (place, mode = 0o700) => {
    fs.mkdirSync(place, { recursive: true });
    fs.chmodSync(place, mode);
    fs.writeFileSync(path.join(place, 'ado-entra-auth'), 'precious');
    return place;
  };
  const linked = path.join(folder.temporary, 'ado-entra-auth-copy-linked');
  fs.symlinkSync(make(path.join(folder.home, 'elsewhere')), linked);
  const nested = make(path.join(folder.temporary, 'ado-entra-auth-copy-nested', 'ado-entra-auth-copy-nested'));
  const planted = [
    linked,
    nested,
    make(path.join(folder.home, 'ado-entra-auth-copy-abc123')),
    make(path.join(folder.temporary, 'npm-cache')),
    make(path.join(folder.temporary, 'ado-entra-auth-copy-public'), 0o755),
    `${folder.temporary}/../ado-entra-auth-copy-abc123`,
    folder.temporary,
    '/',
    'ado-entra-auth-copy-abc123'
  ];
  for (const place of planted) {
    const post = await folder.run('post.js', { env: { VSTS_TASKVARIABLE_ADO_ENTRA_AUTH_COPY: place } });
    assert.deepStrictEqual([post.code, post.stdout, post.stderr], [0, '', ''], place);
  }
  for (const place of planted.slice(0, 5)) {
    assert.strictEqual(fs.readFileSync(path.join(place, 'ado-entra-auth'), 'utf8'), 'precious', place);
  }
  assert.ok(fs.lstatSync(linked).isSymbolicLink());
});

test('the post-job part leaves a copy that holds something else', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(javascript(''));
  const copy = fs.mkdtempSync(path.join(folder.temporary, 'ado-entra-auth-copy-'));
  fs.writeFileSync(path.join(copy, 'notes.txt'), 'precious');
  const post = await folder.run('post.js', { env: { VSTS_TASKVARIABLE_ADO_ENTRA_AUTH_COPY: copy } });
  assert.deepStrictEqual([post.code, post.stdout], [0, '']);
  assert.strictEqual(fs.readFileSync(path.join(copy, 'notes.txt'), 'utf8'), 'precious');
});
