'use strict';

// A copy of the project for its scripts to run in, and programs to pack there.

const childProcess = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const MACHINE = `${process.platform}-${process.arch}`;
const tools = path.join(root, 'target', 'tools', 'packaging');

const hasTools = fs.existsSync(path.join(tools, 'list'));
const withoutTools = process.platform === 'win32' ? 'the scripts run on Linux and macOS' : !hasTools && 'no tfx in target/tools';
const programs = path.join(root, 'target', 'programs');
const own = path.join(programs, MACHINE, 'ado-entra-auth');
const withoutProgram = withoutTools || (!fs.existsSync(own) && `no program for ${MACHINE} in target/programs`);

function sha256(bytes) {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'package-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The beginning of a program for Linux on arm64, which is all that is looked at. */
function foreignProgram() {
  const bytes = Buffer.alloc(2048);
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  bytes.writeUInt16LE(183, 18);
  return bytes;
}

class Project {
  constructor(t) {
    this.root = temporaryFolder(t);
    const copied = ['scripts', 'task', 'images', 'vss-extension.json', 'overview.md', 'LICENSE', 'Cargo.toml', 'Cargo.lock'];
    for (const name of copied) fs.cpSync(path.join(root, name), this.file(name), { recursive: true });
    for (const name of ['src', 'emulator', 'tests', 'rust-toolchain.toml']) fs.symlinkSync(path.join(root, name), this.file(name));
    fs.mkdirSync(this.file('target'));
    fs.symlinkSync(path.join(root, 'target', 'tools'), this.file('target/tools'));
  }

  file(name) {
    return path.join(this.root, name);
  }

  /** Puts a program where `scripts/build` puts it; `sum` null leaves its sum out. */
  program(target, bytes = fs.readFileSync(own), sum = sha256(bytes)) {
    const name = target.startsWith('win32-') ? 'ado-entra-auth.exe' : 'ado-entra-auth';
    const folder = this.file(`target/programs/${target}`);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes, { mode: 0o755 });
    if (sum) fs.writeFileSync(path.join(folder, `${name}.sha256`), `${sum}  ${name}\n`);
  }

  replace(name, from, to) {
    const text = fs.readFileSync(this.file(name), 'utf8');
    if (!text.includes(from)) throw new Error(`${name} does not hold ${from}`);
    fs.writeFileSync(this.file(name), text.replace(from, to));
  }

  run(script, ...words) {
    const options = { cwd: this.root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
    const { status, stdout, stderr } = childProcess.spawnSync(this.file(`scripts/${script}`), words, options);
    return { status, stdout, stderr };
  }

  extension(version, publisher = 'your-publisher') {
    return fs.readFileSync(this.file(`target/${publisher}.ado-entra-auth-${version}.vsix`));
  }
}

module.exports = { MACHINE, Project, foreignProgram, own, root, sha256, temporaryFolder, tools, withoutProgram, withoutTools };
