'use strict';

// The program is read and checked once, and again after whatever could have changed it.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { PLATFORM, TaskFolder, javascript, nodes, refusing } = require('./task-folder.js');

const windows = process.platform === 'win32' && 'the stand-in for the program is a script, which Windows does not start';
const MARKER = 'ado-entra-auth-checked';
const GENUINE = javascript('console.log("genuine")');
const DAMAGED = GENUINE.replace('genuine', 'damaged');

/** A task folder with a checksum of its program. */
function prepared(t, mode = 0o755, program = GENUINE) {
  const folder = new TaskFolder(t);
  folder.file = folder.program(program, { mode });
  folder.checksums();
  folder.beside = path.join(path.dirname(folder.file), MARKER);
  folder.aside = path.join(folder.temporary, MARKER);
  return folder;
}

/** What the program does to its own file: the step gives it a further name, and the post-job part takes that away. */
const RENAMING = javascript(`
  const fs = require('fs'), name = process.argv[1] + '.further';
  if (process.argv[2] === 'post') fs.unlinkSync(name);
  else fs.linkSync(process.argv[1], name);
  console.log("genuine");
`);

/** Lets a run end at once that reads the program. */
function unread(folder) {
  return folder.preload(`
    const fs = require('fs'), { readFileSync } = fs;
    fs.readFileSync = (file, ...rest) => {
      if (String(file).endsWith(${JSON.stringify(path.sep + path.basename(folder.file))})) process.exit(99);
      return readFileSync(file, ...rest);
    };
  `);
}

async function runs(folder, options) {
  for (const file of ['index.js', 'post.js']) {
    const outcome = await folder.run(file, options);
    assert.deepStrictEqual([outcome.code, outcome.stdout, outcome.stderr], [0, 'genuine\n', ''], file);
  }
}

async function isRefused(folder, options) {
  const error = (await folder.run('index.js', options)).failure();
  assert.match(error, /is damaged/);
  assert.strictEqual((await folder.run('post.js', options)).warning(), error);
}

for (const node of nodes()) {
  const skip = windows || node.skip;

  test(`${node.name}: the program is read at the first run, and at no later one`, { skip }, async (t) => {
    const folder = prepared(t, 0o644);
    const nodeArguments = unread(folder);
    assert.strictEqual((await folder.run('index.js', { node: node.path, nodeArguments })).code, 99);
    await runs(folder, { node: node.path });
    assert.ok(fs.existsSync(folder.beside));
    assert.deepStrictEqual(fs.readdirSync(folder.temporary), []);
    await runs(folder, { node: node.path, nodeArguments });
  });

  test(`${node.name}: further names that it gives itself are no damage`, { skip }, async (t) => {
    const folder = prepared(t, 0o755, RENAMING);
    await runs(folder, { node: node.path });
    await runs(folder, { node: node.path, nodeArguments: unread(folder) });
    const other = path.join(folder.temporary, 'other');
    fs.linkSync(folder.file, other);
    assert.strictEqual((await folder.run('index.js', { node: node.path, nodeArguments: unread(folder) })).code, 99, 'of another');
  });

  test(`${node.name}: nor is a file that came after the check taken for it`, { skip }, async (t) => {
    const folder = prepared(t, 0o755, RENAMING);
    // Another file comes into its place as soon as it was read.
    const nodeArguments = folder.preload(`
      const fs = require('fs'), { readFileSync } = fs;
      fs.readFileSync = (file, ...rest) => {
        const bytes = readFileSync(file, ...rest);
        if (String(file) === ${JSON.stringify(folder.file)} && !rest.length) {
          fs.writeFileSync(file + '.new', bytes + '// damaged', { mode: 0o755 });
          fs.renameSync(file + '.new', file);
        }
        return bytes;
      };
    `);
    assert.strictEqual((await folder.run('index.js', { node: node.path, nodeArguments })).stdout, 'genuine\n');
    await isRefused(folder, { node: node.path });
  });

  test(`${node.name}: in a read-only folder as well`, { skip }, async (t) => {
    const folder = prepared(t);
    const mounted = refusing(folder, 'ro');
    await runs(folder, { node: node.path, ...mounted });
    assert.deepStrictEqual([fs.existsSync(folder.beside), fs.readdirSync(folder.temporary)], [false, [MARKER]]);
    const nodeArguments = [...(mounted.nodeArguments || []), ...unread(folder)];
    await runs(folder, { node: node.path, ...mounted, nodeArguments });
  });

  test(`${node.name}: damage after the first run is found`, { skip }, async (t) => {
    const about = (file) => fs.statSync(file);
    const damages = {
      'a byte more': (file) => fs.appendFileSync(file, '\n'),
      'a byte less': (file) => fs.truncateSync(file, about(file).size - 1),
      'other bytes at the same time': (file) => {
        const { atime, mtime } = about(file);
        fs.writeFileSync(file, DAMAGED);
        fs.utimesSync(file, atime, mtime);
      },
      'another file in its place': (file) => {
        const { atime, mtime, mode } = about(file);
        fs.writeFileSync(`${file}.new`, DAMAGED, { mode });
        fs.utimesSync(`${file}.new`, atime, mtime);
        fs.renameSync(`${file}.new`, file);
      },
      'another list of checksums': (file) => {
        const list = path.join(path.dirname(file), '..', 'SHA256SUMS');
        fs.writeFileSync(list, `${'0'.repeat(64)}  ${PLATFORM}/ado-entra-auth\n`);
      }
    };
    for (const [what, damage] of Object.entries(damages)) {
      const folder = prepared(t);
      await runs(folder, { node: node.path });
      damage(folder.file);
      await t.test(what, () => isRefused(folder, { node: node.path }));
    }
  });
}

test('a folder that was half unpacked is refused until it is whole', { skip: windows }, async (t) => {
  const folder = prepared(t);
  fs.writeFileSync(folder.file, GENUINE.slice(0, -9));
  await isRefused(folder);
  assert.ok(!fs.existsSync(folder.beside), 'what failed the check is not noted');
  fs.writeFileSync(folder.file, GENUINE);
  await runs(folder);
  await runs(folder, { nodeArguments: unread(folder) });
});

test('a note that says something else is no note', { skip: windows }, async (t) => {
  const plants = {
    empty: (marker) => fs.writeFileSync(marker, ''),
    noise: (marker) => fs.writeFileSync(marker, Buffer.from([0xff, 0x00, 0x0a, 0x80])),
    large: (marker) => fs.writeFileSync(marker, Buffer.alloc(1 << 20, 'x')),
    'the checksum alone': (marker) => fs.writeFileSync(marker, fs.readFileSync(path.join(marker, '..', '..', 'SHA256SUMS')).slice(0, 64)),
    'cut short': (marker, note) => fs.writeFileSync(marker, note.slice(0, -1)),
    'one digit off': (marker, note) => fs.writeFileSync(marker, note.replace(/\d\n/, (end) => `${(Number(end[0]) + 1) % 10}\n`)),
    'of another file': (marker, note) => fs.writeFileSync(marker, note.replace(/^(\w+ \d+) \d+/, '$1 1')),
    'a folder': (marker) => fs.mkdirSync(marker),
    'a link to nothing': (marker) => fs.symlinkSync('/no/such/file', marker)
  };
  for (const [what, plant] of Object.entries(plants)) {
    await t.test(what, async (t) => {
      const folder = prepared(t);
      await runs(folder);
      const note = fs.readFileSync(folder.beside, 'utf8');
      fs.unlinkSync(folder.beside);
      plant(folder.beside, note);
      fs.rmSync(folder.aside, { force: true });
      assert.strictEqual((await folder.run('index.js', { nodeArguments: unread(folder) })).code, 99);
      await runs(folder);
      fs.writeFileSync(folder.file, DAMAGED);
      await isRefused(folder);
    });
  }
});

test('what others could have written is not believed, and others can write no note of ours', { skip: windows }, async (t) => {
  const folder = prepared(t);
  const mounted = refusing(folder, 'ro');
  const open = folder.preload('process.umask(0)');
  await runs(folder, { ...mounted, nodeArguments: [...(mounted.nodeArguments || []), ...open] });
  assert.strictEqual(fs.statSync(folder.aside).mode & 0o777, 0o644);
  const nodeArguments = [...(mounted.nodeArguments || []), ...unread(folder)];
  for (const [mode, code] of [[0o755, 0], [0o700, 0], [0o775, 99], [0o777, 99], [0o1777, 99]]) {
    fs.chmodSync(folder.temporary, mode);
    assert.strictEqual((await folder.run('index.js', { ...mounted, nodeArguments })).code, code, mode.toString(8));
  }
  fs.unlinkSync(folder.aside);
  await runs(folder, mounted);
  assert.deepStrictEqual(fs.readdirSync(folder.temporary), []);
});
