'use strict';

// What scripts/build and scripts/package refuse, and that packing the same programs gives the same bytes.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { MACHINE, Project, foreignProgram, root, sha256, tools, withoutProgram, withoutTools } = require('./project.js');
const vsix = require('../../scripts/packaging/vsix.js');

const VERSION = /^version = "(.*)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
const OTHER = MACHINE === 'linux-arm64' ? 'linux-x64' : 'linux-arm64';
const skip = withoutTools;

function fails(outcome, pattern, status = 1) {
  assert.match(outcome.stderr, pattern);
  assert.strictEqual(outcome.status, status, outcome.stderr);
}

test('a target has to be named, and known', { skip }, (t) => {
  const project = new Project(t);
  fails(project.run('build'), /^error: no target is named\n\nusage: .*\n[^]*linux-x64 linux-arm64 win32-x64/, 2);
  fails(project.run('build', 'solaris-sparc'), /^error: there is no target solaris-sparc\n\nusage: /, 2);
  fails(project.run('build', '--fast'), /^error: there is no option --fast\n/, 2);
  fails(project.run('package', '--no-build', 'linux'), /^error: there is no target linux\n/, 2);
  fails(project.run('package', '--publisher', 'a b'), /^error: not the name of a publisher: a b$/m);
});

test('programs that are missing or not those that were built are not packed', { skip }, (t) => {
  const project = new Project(t);
  const pack = (...words) => project.run('package', '--no-build', ...words);
  fails(pack(), /^error: target\/programs has no program\. `scripts\/build TARGET` makes one$/m);
  fails(pack('linux-arm64'), /^error: target\/programs\/linux-arm64\/ado-entra-auth is missing\. `scripts\/build linux-arm64`/m);
  project.program('linux-arm64', foreignProgram(), null);
  fails(pack(), /^error: target\/programs\/linux-arm64\/ado-entra-auth\.sha256 is missing\. Please copy it/m);
  project.program('linux-arm64', foreignProgram(), sha256('another'));
  fails(pack(), /^error: target\/programs\/linux-arm64\/ado-entra-auth has another SHA-256 than ado-entra-auth\.sha256 says/m);
  project.program('linux-arm64', foreignProgram(), 'no sum');
  fails(pack(), /has another SHA-256/);
  project.program('linux-arm64', Buffer.concat([foreignProgram(), Buffer.alloc(5 * 1000 * 1000)]));
  fails(pack(), /^error: target\/programs\/linux-arm64\/ado-entra-auth is larger than 5 MB$/m);
  fs.rmSync(project.file('target/programs/linux-arm64'), { recursive: true });
  project.program('linux-mips', foreignProgram());
  fails(pack(), /^error: target\/programs\/linux-mips is for no target\. The targets are: .*Please remove the folder$/m);
});

test('a program under another machine’s name is refused', { skip }, (t) => {
  const project = new Project(t);
  project.program('darwin-arm64', foreignProgram());
  fails(project.run('package', '--no-build'), /^error: darwin-arm64\/ado-entra-auth is a program for linux-arm64$/m);
});

test('a program of another version than Cargo.toml says is refused', { skip: withoutProgram }, (t) => {
  const project = new Project(t);
  project.program(MACHINE);
  project.replace('Cargo.toml', `version = "${VERSION}"`, 'version = "1.99.0"');
  for (const name of ['ado-entra-auth', 'ado-entra-auth-emulator']) {
    project.replace('Cargo.lock', `name = "${name}"\nversion = "${VERSION}"`, `name = "${name}"\nversion = "1.99.0"`);
  }
  fails(project.run('package', '--no-build'), /is of another version: it says "ado-entra-auth [0-9.]+\\n", not 1\.99\.0/);
});

test('packing the same programs twice gives the same bytes, with one version throughout', { skip: withoutProgram }, async (t) => {
  const packed = [];
  for (const order of [[MACHINE, OTHER], [OTHER, MACHINE]]) {
    const project = new Project(t);
    for (const target of order) project.program(target, target === OTHER ? foreign(OTHER) : undefined);
    // What lies beside is not packed.
    fs.writeFileSync(project.file('images/icon.png~'), 'backup');
    fs.writeFileSync(project.file('task/notes.txt'), 'stray');
    const outcome = project.run('package', '--no-build', '--publisher', 'contoso');
    assert.strictEqual(outcome.status, 0, outcome.stderr);
    assert.match(outcome.stdout, new RegExp(`^packed target/contoso\\.ado-entra-auth-${VERSION}\\.vsix: .*; the program for ${MACHINE} was started$`, 'm'));
    packed.push(project.extension(VERSION, 'contoso'));
  }
  assert.ok(packed[0].equals(packed[1]), 'the two extensions differ');
  const files = await vsix.open(packed[0], tools);
  assert.strictEqual(files.size, [...files.keys()].filter((name) => !/~$|notes/.test(name)).length);
  const notices = files.get('ThirdPartyNotices.txt').toString();
  const bill = JSON.parse(files.get('sbom.cdx.json'));
  for (const name of ['rustls', 'tokio', 'aws-lc-sys']) {
    assert.ok(bill.components.some((component) => component.name === name && component.hashes.length === 1), name);
    assert.ok(notices.includes(`\n${name} `), name);
  }
  for (const name of ['ado-entra-auth-emulator', 'proptest', 'rcgen']) {
    assert.ok(!bill.components.some((component) => component.name === name), name);
  }
  assert.ok(!JSON.stringify(bill).includes(path.dirname(root)), 'a path of this machine');
  assert.strictEqual(bill.metadata.timestamp, undefined);

  // --- The same extension, spoilt -------------------------------------------------------------------------------------
  const expected = {
    version: VERSION,
    publisher: 'contoso',
    targets: [MACHINE, OTHER].sort(),
    files: [...files.keys()].filter((name) => !vsix.MANIFESTS.includes(name))
  };
  assert.deepStrictEqual(await vsix.problems(packed[0], tools, expected), []);
  const text = (name, from, to) => (zip) => {
    const old = files.get(name).toString();
    assert.ok(old.includes(from), `${name} holds ${from}`);
    zip.file(name, old.replace(from, to));
  };
  const program = `AdoEntraAuth/bin/${OTHER}/ado-entra-auth`;
  const [major, minor, patch] = VERSION.split('.');
  const faults = [
    [(zip) => zip.file('AdoEntraAuth/notes.txt', 'x'), /notes\.txt does not belong there/],
    [(zip) => zip.remove('AdoEntraAuth/post.js'), /post\.js is missing/],
    [(zip) => zip.remove('AdoEntraAuth/bin/SHA256SUMS'), /SHA256SUMS is missing/],
    [text('AdoEntraAuth/task.json', `"Patch": ${patch}`, '"Patch": 77'), new RegExp(`versions differ: .*task.json says ${major}.${minor}.77`)],
    [text('extension.vsixmanifest', ` Version="${VERSION}"`, ' Version="9.9.9"'), /versions differ: .*the extension says 9\.9\.9/],
    [text('sbom.cdx.json', `"version": "${VERSION}"`, '"version": "9.9.9"'), /versions differ: .*the bill of materials says 9\.9\.9/],
    [text('extension.vsixmanifest', 'Publisher="contoso"', 'Publisher="other"'), /publisher is other/],
    [text('extension.vsomanifest', 'distributed-task.task"', 'distributed-task.tusk"'), /the contribution has the type/],
    [text('AdoEntraAuth/task.json', '"execution"', '"executions"'), /the schema does not know/],
    [text('AdoEntraAuth/index.js', 'PACKED = true', 'PACKED = false'), /does not know that it is packed/],
    [(zip) => zip.file('AdoEntraAuth/icon.png', files.get('images/icon.png')), /icon\.png is not a PNG of 32 by 32/],
    [(zip) => zip.file('images/icon.png', files.get('AdoEntraAuth/icon.png')), /icon\.png is not a PNG of 128 by 128/],
    [(zip) => zip.file(program, files.get(program).subarray(0, 1500)), /has another SHA-256 than SHA256SUMS says/],
    [text('AdoEntraAuth/bin/SHA256SUMS', `${OTHER}/`, 'plan9-x64/'), /SHA256SUMS lists other programs than are there/],
    [(zip) => zip.file('overview.md', require('crypto').randomBytes(16 * 1000 * 1000)), /more than 15 MB/]
  ];
  const JSZip = require(path.join(tools, 'node_modules', 'jszip'));
  for (const [spoil, pattern] of faults) {
    const zip = await JSZip.loadAsync(packed[0]);
    spoil(zip);
    const problems = await vsix.problems(await zip.generateAsync({ type: 'nodebuffer' }), tools, expected);
    assert.ok(problems.some((problem) => pattern.test(problem)), `${pattern}: ${problems.join('; ')}`);
  }
});

function foreign(target) {
  const bytes = foreignProgram();
  if (target === 'linux-x64') bytes.writeUInt16LE(62, 18);
  return bytes;
}
