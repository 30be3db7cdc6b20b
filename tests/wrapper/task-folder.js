'use strict';

// A task folder with a stand-in for the program, and an agent that starts it.

const assert = require('assert');
const childProcess = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const PLATFORM = `${process.platform}-${process.arch}`;

/** The versions of Node that an agent may choose for the task; `scripts/setup` brings those that this machine lacks. */
function nodes() {
  const tools = path.join(root, 'target', 'tools', 'nodes', 'node_modules');
  const own = { name: `Node ${process.versions.node}`, path: process.execPath };
  const others = ['10', '16', '22', '24'].map((version) => ({
    name: `Node ${version}`,
    path: path.join(tools, `node${version}`, 'bin', 'node')
  }));
  return [own, ...others].map((node) => ({ ...node, skip: fs.existsSync(node.path) ? false : `no ${node.name} in target/tools` }));
}

/** A program that is a script of this Node: `source` sees the command as `command`. */
function javascript(source) {
  return `#!${process.execPath}\n'use strict';\nconst command = process.argv[2];\n${source}\n`;
}

class TaskFolder {
  /** `t` is the test that the folder lives as long as. */
  constructor(t) {
    this.home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'wrapper-test-'));
    t.after(() => fs.rmSync(this.home, { recursive: true, force: true }));
    this.task = path.join(this.home, 'task');
    this.temporary = path.join(this.home, 'agent temp');
    this.sources = path.join(this.home, 'sources');
    for (const folder of [this.task, this.temporary, this.sources]) fs.mkdirSync(folder);
    for (const file of ['index.js', 'post.js']) fs.copyFileSync(path.join(root, 'task', file), path.join(this.task, file));
  }

  /** Puts a program where the wrapper looks for it. */
  program(content, { platform = PLATFORM, mode = 0o755, name = 'ado-entra-auth' } = {}) {
    const folder = path.join(this.task, 'bin', platform);
    fs.mkdirSync(folder, { recursive: true });
    const file = path.join(folder, name);
    fs.writeFileSync(file, content);
    fs.chmodSync(file, mode);
    return file;
  }

  /** Makes the wrapper believe that `scripts/stage` laid the folder out. */
  pack() {
    const file = path.join(this.task, 'index.js');
    const source = fs.readFileSync(file, 'utf8');
    assert.ok(source.includes('const PACKED = false;'));
    fs.writeFileSync(file, source.replace('const PACKED = false;', 'const PACKED = true;'));
  }

  /** Writes the list that staging writes. */
  checksums() {
    const bin = path.join(this.task, 'bin');
    const lines = fs.readdirSync(bin).map((platform) => {
      const name = `${platform}/${fs.readdirSync(path.join(bin, platform))[0]}`;
      return `${crypto.createHash('sha256').update(fs.readFileSync(path.join(bin, name))).digest('hex')}  ${name}\n`;
    });
    fs.writeFileSync(path.join(bin, 'SHA256SUMS'), lines.join(''));
  }

  /** Files that are loaded before the wrapper, to play another machine. */
  preload(source) {
    const file = path.join(this.home, `preload-${crypto.randomBytes(4).toString('hex')}.js`);
    fs.writeFileSync(file, source);
    return ['-r', file];
  }

  /** Starts the step as the agent does: no arguments, no stdin, only the agent's environment. */
  spawn(file, { node = process.execPath, env = {}, nodeArguments = [], before = [] } = {}) {
    const line = [...before, node, ...nodeArguments, path.join(this.task, file)];
    const child = childProcess.spawn(line[0], line.slice(1), {
      cwd: this.sources,
      env: { TF_BUILD: 'True', AGENT_TEMPDIRECTORY: this.temporary, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    const chunks = { stdout: [], stderr: [] };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (chunk) => chunks[stream].push(chunk));
    child.text = (stream) => Buffer.concat(chunks[stream]).toString('latin1');
    child.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(new Outcome(code, signal, chunks)));
    });
    return child;
  }

  run(file, options) {
    return this.spawn(file, options).ended;
  }

  copies() {
    return fs.readdirSync(this.temporary).filter((name) => name.startsWith('ado-entra-auth-copy-'));
  }
}

class Outcome {
  constructor(code, signal, chunks) {
    this.code = code;
    this.signal = signal;
    this.stdoutBytes = Buffer.concat(chunks.stdout);
    this.stdout = this.stdoutBytes.toString();
    this.stderr = Buffer.concat(chunks.stderr).toString();
  }

  /** The commands on stdout, read as the agent reads them. */
  commands() {
    return this.stdout.split(/\r\n|\r|\n/).filter((line) => line.includes('##vso[')).map(parseCommand);
  }

  /** Checks that the step failed with one error, and gives its text. */
  failure() {
    const [issue, complete, ...rest] = this.commands();
    assert.ok(issue && complete, `no failure was said:\n${this.stdout}\n${this.stderr}`);
    assert.strictEqual(issue.name, 'task.logissue');
    assert.deepStrictEqual(issue.properties, { type: 'error' });
    assert.strictEqual(complete.name, 'task.complete');
    assert.deepStrictEqual(complete.properties, { result: 'Failed' });
    assert.deepStrictEqual(rest, []);
    assert.strictEqual(this.stderr, '');
    assert.strictEqual(this.code, 0);
    return issue.data;
  }

  /** Checks that the post-job part said one warning and did not fail, and gives its text. */
  warning() {
    const [issue, ...rest] = this.commands();
    assert.ok(issue, `no warning was said:\n${this.stdout}\n${this.stderr}`);
    assert.strictEqual(issue.name, 'task.logissue');
    assert.deepStrictEqual(issue.properties, { type: 'warning' });
    assert.deepStrictEqual(rest, []);
    assert.strictEqual(this.code, 0);
    return issue.data;
  }
}

function parseCommand(line) {
  const unescape = (text) =>
    text.replace(/%3B/g, ';').replace(/%0D/g, '\r').replace(/%0A/g, '\n').replace(/%5D/g, ']').replace(/%AZP25/g, '%');
  const start = line.indexOf('##vso[') + 6;
  const end = line.indexOf(']', start);
  const [name, ...rest] = line.slice(start, end).split(' ');
  const pairs = rest.join(' ').split(';').filter((pair) => pair !== '');
  const properties = {};
  for (const pair of pairs) properties[pair.slice(0, pair.indexOf('='))] = unescape(pair.slice(pair.indexOf('=') + 1));
  return { name, properties, data: unescape(line.slice(end + 1)) };
}

/** Whether this machine lets a test mount something, in a namespace of its own. */
const unshare = (() => {
  for (const flags of [['-m'], ['-rm']]) {
    const probe = childProcess.spawnSync('unshare', [...flags, 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' });
    if (probe.status === 0) return ['unshare', ...flags];
  }
  return null;
})();

/** Runs the task with its folder mounted so, or plays the file system where the machine permits no mount. */
function refusing(folder, how) {
  if (unshare) {
    const script = `mount --bind "$0" "$0" && mount -o remount,bind,${how} "$0" && exec "$@"`;
    return { before: [...unshare, 'sh', '-c', script, folder.task], env: { PATH: process.env.PATH } };
  }
  return {
    nodeArguments: folder.preload(`
      const fs = require('fs'), { chmodSync, accessSync, writeFileSync } = fs, inside = (file) => file.startsWith(${JSON.stringify(folder.task)});
      const refuse = (code) => { throw Object.assign(new Error(code), { code }); };
      fs.chmodSync = (file, mode) => (inside(file) && '${how}' === 'ro' ? refuse('EROFS') : chmodSync(file, mode));
      fs.writeFileSync = (file, ...rest) => (inside(file) && '${how}' === 'ro' ? refuse('EROFS') : writeFileSync(file, ...rest));
      fs.accessSync = (file, mode) => (inside(file) && '${how}' === 'noexec' ? refuse('EACCES') : accessSync(file, mode));
    `)
  };
}

/** Waits until `condition` holds, since a signal must not come before the program is ready for it. */
async function until(condition, what) {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 20000, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

module.exports = { PLATFORM, TaskFolder, javascript, nodes, refusing, root, until };
