'use strict';

// What the wrapper starts, what it passes on, and what it says where it can start nothing.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { PLATFORM, TaskFolder, javascript, nodes } = require('./task-folder.js');

const windows = process.platform === 'win32' && 'the stand-in for the program is a script, which Windows does not start';
const ELF_OF_ANOTHER_MACHINE = Buffer.alloc(4096);
ELF_OF_ANOTHER_MACHINE.write('\x7fELF\x02\x01\x01', 0, 'latin1');
ELF_OF_ANOTHER_MACHINE.writeUInt16LE(2, 16);
ELF_OF_ANOTHER_MACHINE.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);

for (const node of nodes()) {
  const skip = windows || node.skip;

  test(`${node.name}: the command, the exit code and both streams pass through`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    folder.program(javascript(`
      process.stdout.write(Buffer.from([0x68, 0xff, 0x00, 0x0d, 0x0a]));
      process.stdout.write('##vso[task.debug]50%AZP25 ' + command + '\\n');
      process.stderr.write('on stderr\\n');
      process.exitCode = 23;
    `));
    const step = await folder.run('index.js', { node: node.path });
    assert.strictEqual(step.code, 23);
    assert.strictEqual(step.stdoutBytes.toString('latin1'), 'h\xff\x00\r\n##vso[task.debug]50%AZP25 task\n');
    assert.strictEqual(step.stderr, 'on stderr\n');
  });

  test(`${node.name}: the environment is the agent's, to the letter`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    folder.program(javascript('process.stdout.write(JSON.stringify([process.env, process.cwd(), process.argv.slice(2)]))'));
    const env = {
      INPUT_TOOLS: 'npm\ngit',
      'ENDPOINT_AUTH_PARAMETER_1d2c_ACCESS-TOKEN': 'a b;c]%',
      'npm_config_//host/:x': '',
      SECRET_PASSWORD: 'ünïcode'
    };
    const step = await folder.run('index.js', { node: node.path, env });
    const [seen, cwd, args] = JSON.parse(step.stdout);
    assert.deepStrictEqual(seen, { TF_BUILD: 'True', AGENT_TEMPDIRECTORY: folder.temporary, ...env });
    assert.strictEqual(cwd, folder.sources);
    assert.deepStrictEqual(args, ['task']);
    assert.strictEqual(step.stderr, '');
  });

  test(`${node.name}: no program for this machine`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    folder.program('', { platform: 'aix-ppc64' });
    folder.program('', { platform: 'win32-x64', name: 'ado-entra-auth.exe' });
    fs.mkdirSync(path.join(folder.task, 'bin', 'sunos-x64'));
    const error = (await folder.run('index.js', { node: node.path })).failure();
    assert.ok(error.includes(`(${PLATFORM})`), error);
    assert.ok(error.includes('brings: aix-ppc64, win32-x64.'), error);
    const warning = (await folder.run('post.js', { node: node.path })).warning();
    assert.strictEqual(warning, error);
  });

  const notLinux = process.platform !== 'linux' && 'only the C libraries of Linux hand what is no program to a shell';
  test(`${node.name}: a program of another architecture, and damaged ones`, { skip: skip || notLinux }, async (t) => {
    const folder = new TaskFolder(t);
    // /bin/sh would run the last two.
    for (const content of [ELF_OF_ANOTHER_MACHINE, '', 'echo run by a shell\n']) {
      const file = folder.program(content);
      const error = (await folder.run('index.js', { node: node.path })).failure();
      assert.ok(error.startsWith(`${file} is damaged`), error);
      assert.strictEqual((await folder.run('post.js', { node: node.path })).warning(), error);
    }
  });

  test(`${node.name}: a program whose loader this system lacks`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    folder.program('#!/no/such/loader\n');
    const error = (await folder.run('index.js', { node: node.path })).failure();
    assert.match(error, /could not be started \(ENOENT\).*another C library/);
  });
}

test('the program is the one whose checksum was recorded', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  const file = folder.program(javascript('console.log("genuine")'));
  folder.checksums();
  assert.strictEqual((await folder.run('index.js')).stdout, 'genuine\n');
  fs.appendFileSync(file, '// one byte more');
  const error = (await folder.run('index.js')).failure();
  assert.match(error, /damaged: its SHA-256 is not the one in SHA256SUMS/);
});

test('a half-unpacked task says what is missing', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.pack();
  const list = path.join(folder.task, 'bin', 'SHA256SUMS');
  const fails = async (pattern) => {
    const error = (await folder.run('index.js')).failure();
    assert.match(error, pattern);
    assert.match(error, /delete the task's folder on the agent/);
    assert.strictEqual((await folder.run('post.js')).warning(), error);
  };
  await fails(/^The task's folder is incomplete: .*SHA256SUMS is missing\./);
  const file = folder.program(javascript('console.log("genuine")'));
  await fails(/^The task's folder is incomplete: .*SHA256SUMS is missing\./);
  folder.checksums();
  assert.strictEqual((await folder.run('index.js')).stdout, 'genuine\n');
  const whole = fs.readFileSync(list);
  for (const length of [whole.length - 1, 40, whole.length - 5]) {
    fs.writeFileSync(list, whole.subarray(0, length));
    await fails(/SHA256SUMS is damaged\./);
  }
  fs.writeFileSync(list, whole);
  fs.truncateSync(file, 20);
  await fails(/damaged: its SHA-256 is not the one in SHA256SUMS/);
  fs.rmSync(path.dirname(file), { recursive: true });
  await fails(new RegExp(`^The task's folder is incomplete: .*${PLATFORM}.* is missing\\.`));
});

test('a packed task without a program for this machine names those that it brings', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.pack();
  folder.program('', { platform: 'aix-ppc64' });
  folder.program('', { platform: 'win32-x64', name: 'ado-entra-auth.exe' });
  folder.checksums();
  const error = (await folder.run('index.js')).failure();
  assert.ok(error.startsWith(`AdoEntraAuth has no program for this machine (${PLATFORM}).`), error);
  assert.ok(error.includes('brings: aix-ppc64, win32-x64.'), error);
});

test('nothing from the working directory or PATH is run or loaded', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(javascript('console.log("genuine")'));
  const trap = `require('fs').writeFileSync(${JSON.stringify(path.join(folder.home, 'trapped'))}, '')`;
  const plant = (file, content) => {
    fs.mkdirSync(path.dirname(path.join(folder.sources, file)), { recursive: true });
    fs.writeFileSync(path.join(folder.sources, file), content, { mode: 0o755 });
  };
  plant('ado-entra-auth', javascript(trap));
  plant(`bin/${PLATFORM}/ado-entra-auth`, javascript(trap));
  plant('index.js', trap);
  for (const name of ['fs', 'path', 'os', 'crypto', 'child_process']) {
    plant(`${name}.js`, trap);
    plant(`node_modules/${name}/index.js`, trap);
  }
  const env = { PATH: folder.sources };
  for (const file of ['index.js', 'post.js']) {
    const step = await folder.run(file, { env });
    assert.strictEqual(step.stdout, 'genuine\n');
    assert.strictEqual(step.code, 0);
  }
  assert.ok(!fs.existsSync(path.join(folder.home, 'trapped')));
});

test('the task folder may be reached through a link and have an odd name', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(javascript('console.log(command)'));
  const odd = path.join(folder.home, "_tasks 50% ;]'$HOME");
  fs.renameSync(folder.task, odd);
  fs.symlinkSync(odd, folder.task);
  assert.strictEqual((await folder.run('index.js')).stdout, 'task\n');
});

test('an error keeps to one line and survives the characters that the agent gives a meaning', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  const odd = path.join(folder.home, 'line\nbreak\r100%0D;]');
  fs.renameSync(folder.task, odd);
  folder.task = odd;
  const file = folder.program('');
  const step = await folder.run('index.js');
  assert.strictEqual(step.stdout.split(/\r\n|\r|\n/).length, 3);
  assert.ok(step.failure().startsWith(`${file} is damaged`));
});

test('trouble of the post-job part is a warning and never fails the job', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(javascript('console.log(command); process.exitCode = 3'));
  const post = await folder.run('post.js');
  assert.strictEqual(post.stdout.split('\n')[0], 'post');
  assert.match(post.warning(), /exit code 3/);
  folder.program(javascript("process.kill(process.pid, 'SIGKILL')"));
  assert.match((await folder.run('post.js')).warning(), /signal SIGKILL/);
});

for (const [machine, emulated] of [['win32-arm64', 'win32-x64'], ['darwin-arm64', 'darwin-x64']]) {
  test(`${machine} runs the program of ${emulated} unless there is one of its own`, { skip: windows }, async (t) => {
    const folder = new TaskFolder(t);
    const name = machine.startsWith('win32') ? 'ado-entra-auth.exe' : 'ado-entra-auth';
    const [platform, arch] = machine.split('-');
    const nodeArguments = folder.preload(`
      Object.defineProperty(process, 'platform', { value: '${platform}' });
      Object.defineProperty(process, 'arch', { value: '${arch}' });
    `);
    assert.ok((await folder.run('index.js', { nodeArguments })).failure().includes(machine));
    folder.program(javascript('console.log("emulated")'), { platform: emulated, name });
    assert.strictEqual((await folder.run('index.js', { nodeArguments })).stdout, 'emulated\n');
    folder.program(javascript('console.log("native")'), { platform: machine, name });
    assert.strictEqual((await folder.run('index.js', { nodeArguments })).stdout, 'native\n');
  });
}
