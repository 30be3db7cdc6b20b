'use strict';

// The agent can start only Node, so this file starts the program that does the work and stays out of its way.
// It has to run on every Node an agent may choose (10 to 24): ES2018, no packages.

const fs = require('fs');
const path = require('path');

const PROGRAM = process.platform === 'win32' ? 'ado-entra-auth.exe' : 'ado-entra-auth';
const COPY_VARIABLE = 'ADO_ENTRA_AUTH_COPY';
const COPY_PREFIX = 'ado-entra-auth-copy-';
const COPY_NAME = /^ado-entra-auth-copy-[A-Za-z0-9]{6}$/;
const MARKER = 'ado-entra-auth-checked';

// `scripts/stage` makes it true: then the list of checksums must be there. A folder laid out by hand needs none.
const PACKED = false;
const REMEDY =
  "Please delete the task's folder on the agent, so that it is downloaded again, or reinstall the extension.";

// Machines that run the programs of another architecture by emulation.
const EMULATED = { 'win32-arm64': 'win32-x64', 'darwin-arm64': 'darwin-x64' };

// e_machine of a Linux program, by Node's name of the architecture.
const ELF_MACHINES = { x64: 62, arm64: 183, arm: 40 };

/** Runs the bundled program with `command` and ends as it ends. */
function run(command) {
  const finish = command === 'post' ? endPostJob : endStep;
  const recorded = process.env['VSTS_TASKVARIABLE_' + COPY_VARIABLE];
  let copy = null;
  try {
    const program = findProgram();
    let file = program.file;
    let before = fs.statSync(file);
    if (!isExecutable(file) || !wasChecked(program, before)) {
      const bytes = fs.readFileSync(file);
      checkProgram(program, bytes);
      if (makeExecutable(file)) {
        before = markChecked(program, before);
      } else {
        copy = copyPrivately(bytes);
        file = path.join(copy, PROGRAM);
        // Later steps call the copy too, so it stays until the post-job part, which learns of it by this variable.
        if (command !== 'post') say('task.settaskvariable', { variable: COPY_VARIABLE }, copy);
      }
    }
    start(file, command, (code, trouble) => {
      if (!copy && before) keepMark(program, before);
      if (command === 'post') removeCopies([copy, recorded]);
      finish(code, trouble);
    });
  } catch (error) {
    if (command === 'post') removeCopies([copy, recorded]);
    finish(1, error.message);
  }
}

/** The agent adds its own, less helpful words to any exit code but 0, so trouble of ours is said and ends with 0. */
function endStep(code, trouble) {
  if (trouble) {
    say('task.logissue', { type: 'error' }, trouble);
    say('task.complete', { result: 'Failed' }, trouble);
  }
  end(trouble ? 0 : code);
}

/** A post-job part that fails would fail a job whose work is done. */
function endPostJob(code, trouble) {
  const warning = trouble || (code === 0 ? '' : `The clean-up of AdoEntraAuth ended with exit code ${code}.`);
  if (warning) say('task.logissue', { type: 'warning' }, warning);
  end(0);
}

/** At once, where nothing is on its way to the agent: Node takes 2 ms to come to its end by itself. */
function end(code) {
  if (hasSpoken) process.exitCode = code;
  else process.exit(code);
}

/** Only from the task's own folder: what PATH or the working directory hold may come from the checkout. */
function findProgram() {
  const machine = `${process.platform}-${process.arch}`;
  const bin = path.join(__dirname, 'bin');
  const sums = recordedChecksums(bin);
  if (PACKED && !sums) throw incomplete(path.join(bin, 'SHA256SUMS'));
  const names = [machine, EMULATED[machine]].filter(Boolean);
  const platform = names.find((name) => (sums ? sums[`${name}/${PROGRAM}`] : isFile(path.join(bin, name, PROGRAM))));
  if (!platform) {
    throw new Error(
      `AdoEntraAuth has no program for this machine (${machine}). This build of the task brings: ` +
        `${bundled(bin, sums).join(', ') || 'none'}. Please run the job on one of these, or install a build of the extension ` +
        'that includes yours.'
    );
  }
  const file = path.join(bin, platform, PROGRAM);
  if (!isFile(file)) throw incomplete(file);
  return { platform, file, bin, checksum: sums && sums[`${platform}/${PROGRAM}`] };
}

function incomplete(file) {
  return new Error(`The task's folder is incomplete: ${file} is missing. ${REMEDY}`);
}

/** The machines that this build has a program for: those of the list, or those that are there. */
function bundled(bin, sums) {
  if (sums) return Array.from(new Set(Object.keys(sums).map((name) => name.split('/')[0]))).sort();
  const names = ['ado-entra-auth', 'ado-entra-auth.exe'];
  return listFolder(bin).filter((folder) => names.some((name) => isFile(path.join(bin, folder, name))));
}

/** The list is what staging wrote, in the form that `sha256sum --check` reads. */
function recordedChecksums(bin) {
  const list = path.join(bin, 'SHA256SUMS');
  if (!isFile(list)) return null;
  const sums = Object.create(null);
  const text = fs.readFileSync(list, 'latin1');
  for (const line of text.split('\n').slice(0, -1)) {
    const [, checksum, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) || [];
    if (!name) throw new Error(`${list} is damaged. ${REMEDY}`);
    sums[name] = checksum;
  }
  // A list that was cut off lacks the end of its last line.
  if (!text.endsWith('\n')) throw new Error(`${list} is damaged. ${REMEDY}`);
  return sums;
}

function isFile(file) {
  try {
    return fs.statSync(file).isFile();
  } catch (error) {
    return false;
  }
}

function listFolder(folder) {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    return [];
  }
}

/** Refuses a program that is not the one this task was built with, or that this machine cannot run. */
function checkProgram(program, bytes) {
  const expected = program.checksum;
  if (expected && expected !== require('crypto').createHash('sha256').update(bytes).digest('hex')) {
    throw new Error(`${program.file} is damaged: its SHA-256 is not the one in SHA256SUMS. ${REMEDY}`);
  }
  // The C library hands a file that the kernel refuses to /bin/sh, which would run a damaged program as a script.
  if (process.platform === 'linux' && !isRunnable(bytes)) {
    throw new Error(`${program.file} is damaged, or was built for another kind of machine. ${REMEDY}`);
  }
}

function isRunnable(bytes) {
  if (bytes.toString('latin1', 0, 2) === '#!') return true;
  if (bytes.length < 20 || bytes.toString('latin1', 0, 4) !== '\x7fELF') return false;
  const machine = ELF_MACHINES[process.arch];
  return machine === undefined || bytes.readUInt16LE(18) === machine;
}

/**
 * Whether this very file passed the check before: reading it all costs more than the rest of the wrapper.
 *
 * The check is for damage in unpacking, not against those who can write there, since they can replace the program itself.
 */
function wasChecked(program, about) {
  const state = stateOf(program, about);
  return markers(program).some((marker) => {
    try {
      return fs.readFileSync(marker, 'utf8') === state;
    } catch (error) {
      return false;
    }
  });
}

/** The checksum that it must have, and all by which the system tells a file from another and from an earlier state of its own. */
function stateOf(program, about) {
  const { dev, ino, size, mtimeMs, ctimeMs } = about;
  return [program.checksum, dev, ino, size, mtimeMs, ctimeMs].join(' ') + '\n';
}

/**
 * Where a passed check is noted: beside the program, and, for a folder that takes no notes, in the agent's temporary folder, unless
 * others than those who own the program could write there.
 */
function markers(program) {
  const beside = path.join(path.dirname(program.file), MARKER);
  const temporary = process.env.AGENT_TEMPDIRECTORY;
  return temporary && isOursAlone(temporary, program) ? [beside, path.join(path.resolve(temporary), MARKER)] : [beside];
}

function isOursAlone(folder, program) {
  if (process.platform === 'win32') return true;
  try {
    const found = fs.statSync(folder);
    return [process.getuid(), fs.statSync(program.file).uid].includes(found.uid) && (found.mode & 0o022) === 0;
  } catch (error) {
    return false;
  }
}

/**
 * Notes that the file passed the check, unless it changed meanwhile; where nothing can be noted, the next run checks again. Returns
 * what the system says of it now, or null where it changed.
 */
function markChecked(program, before) {
  const after = fs.statSync(program.file);
  if (['ino', 'size', 'mtimeMs'].some((name) => before[name] !== after[name])) return null;
  const state = stateOf(program, after);
  for (const marker of markers(program)) {
    try {
      if (fs.existsSync(marker)) fs.unlinkSync(marker);
      fs.writeFileSync(marker, state, { flag: 'wx', mode: 0o644 });
      break;
    } catch (error) {
      // A read-only folder, or another run that is as far as this one.
    }
  }
  return after;
}

/** The program puts itself on PATH by a further name of its file, and the post-job part takes that away: both count as a change of it. */
function keepMark(program, before) {
  try {
    if (fs.statSync(program.file).ctimeMs !== before.ctimeMs) markChecked(program, before);
  } catch (error) {
    // Gone meanwhile: the next run says so.
  }
}

/** The Marketplace's archive carries no modes, so the executable bit is missing at first. */
function makeExecutable(file) {
  if (process.platform === 'win32' || isExecutable(file)) return true;
  try {
    fs.chmodSync(file, 0o755);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
  // Asked again, because a file system mounted `noexec` takes the bit and still runs nothing.
  return isExecutable(file);
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch (error) {
    return false;
  }
}

function temporaryFolder() {
  return path.resolve(process.env.AGENT_TEMPDIRECTORY || require('os').tmpdir());
}

/** Copies the program where only this user can reach it: the bytes that were checked, not a second look at the file. */
function copyPrivately(bytes) {
  const temporary = temporaryFolder();
  let folder;
  try {
    folder = fs.mkdtempSync(path.join(temporary, COPY_PREFIX));
    fs.chmodSync(folder, 0o700);
    fs.writeFileSync(path.join(folder, PROGRAM), bytes, { flag: 'wx', mode: 0o700 });
    fs.chmodSync(path.join(folder, PROGRAM), 0o700);
  } catch (error) {
    if (folder) removeFolder(folder);
    throw new Error(
      'The program of AdoEntraAuth is not executable where the agent put it, and could not be copied to ' +
        `${temporary} (${error.message}). Please make the task's folder or the agent's temporary folder writable ` +
        'for the account that runs the job.'
    );
  }
  return folder;
}

/** The name comes from a variable that other steps could have set: only what looks like a copy of ours is touched. */
function removeCopies(folders) {
  const temporary = temporaryFolder();
  for (const folder of folders) {
    if (!folder || path.dirname(folder) !== temporary || !COPY_NAME.test(path.basename(folder))) continue;
    try {
      const found = fs.lstatSync(folder);
      if (found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0) removeFolder(folder);
    } catch (error) {
      // Gone already, or not ours to remove; the agent empties its temporary folder in any case.
    }
  }
}

/** Not recursive: the folder holds one file. */
function removeFolder(folder) {
  const file = path.join(folder, PROGRAM);
  try {
    fs.unlinkSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  fs.rmdirSync(folder);
}

/** Asynchronous, because a blocked Node dies of the agent's signals and leaves the program behind. */
function start(file, command, ended) {
  let child;
  // On Unix the agent signals this process alone. On Windows the console tells both, and kill() would end the program.
  const forward = (signal) => child && process.platform !== 'win32' && child.kill(signal);
  for (const signal of process.platform === 'win32' ? ['SIGINT', 'SIGBREAK'] : ['SIGINT', 'SIGTERM']) {
    process.on(signal, forward);
  }
  try {
    child = require('child_process').spawn(file, [command], { stdio: 'inherit' });
  } catch (error) {
    // Node throws some of the system's refusals and reports the others as an event.
    ended(1, whyNotStarted(file, error));
    return;
  }
  child.on('error', (error) => {
    if (child.pid === undefined) ended(1, whyNotStarted(file, error));
  });
  child.on('exit', (code, signal) => {
    if (signal) ended(1, `The program of AdoEntraAuth was ended by signal ${signal}.`);
    else ended(code, '');
  });
}

function whyNotStarted(file, error) {
  const reasons = {
    EACCES: 'The account that runs the job may not execute it, or the file system forbids programs (noexec).',
    ENOENT: 'It is there, but the system lacks the loader that it names: it was built for another C library.'
  };
  const reason = reasons[error.code] || 'It is damaged, or was built for another kind of machine.';
  return `The program of AdoEntraAuth could not be started (${error.code}): ${file}. ${reason}`;
}

let hasSpoken = false;

/** Prints a command for the agent, which reads one a line; an error's text may hold anything. */
function say(name, properties, text) {
  hasSpoken = true;
  const data = (value) => value.replace(/%/g, '%AZP25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (value) => data(value).replace(/]/g, '%5D').replace(/;/g, '%3B');
  const header = Object.keys(properties).map((key) => `${key}=${property(properties[key])};`).join('');
  process.stdout.write(`##vso[${name} ${header}]${data(text)}\n`);
}

module.exports = { run };

if (require.main === module) run('task');
