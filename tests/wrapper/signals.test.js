'use strict';

// The agent cancels a step by SIGINT, 7.5 seconds later SIGTERM, 2.5 seconds later SIGKILL, to the Node process alone.

const assert = require('assert');
const test = require('node:test');
const { TaskFolder, javascript, nodes, until } = require('./task-folder.js');

const windows = process.platform === 'win32' && 'Windows has console events in place of signals';

for (const node of nodes()) {
  const skip = windows || node.skip;

  for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${node.name}: ${signal} reaches the program, whose exit code comes back`, { skip }, async (t) => {
      const folder = new TaskFolder(t);
      folder.program(`#!/bin/sh
        trap 'echo cleaned up; exit 5' ${signal.slice(3)}
        echo ready
        i=0; while [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done
        exit 99
      `);
      const step = folder.spawn('index.js', { node: node.path, env: { PATH: process.env.PATH } });
      await until(() => step.text('stdout').includes('ready'), 'the program is ready');
      step.kill(signal);
      const { code, stdout, stderr } = await step.ended;
      assert.deepStrictEqual({ code, stdout, stderr }, { code: 5, stdout: 'ready\ncleaned up\n', stderr: '' });
    });
  }

  test(`${node.name}: the wrapper waits for a program that takes its time`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    folder.program(javascript(`
      process.on('SIGINT', () => console.log('interrupted'));
      process.on('SIGTERM', () => { console.log('terminated'); setTimeout(() => process.exit(0), 300); });
      console.log('ready');
      setTimeout(() => process.exit(99), 30000);
    `));
    const step = folder.spawn('index.js', { node: node.path });
    for (const [signal, before] of [['SIGINT', 'ready'], ['SIGINT', 'interrupted'], ['SIGTERM', 'interrupted\ninterrupted']]) {
      await until(() => step.text('stdout').includes(before), before);
      step.kill(signal);
    }
    const { code, stdout } = await step.ended;
    assert.deepStrictEqual([code, stdout], [0, 'ready\ninterrupted\ninterrupted\nterminated\n']);
  });

  test(`${node.name}: a program that dies of a signal fails the step in words`, { skip }, async (t) => {
    const folder = new TaskFolder(t);
    folder.program(javascript("process.kill(process.pid, 'SIGABRT'); setTimeout(() => {}, 10000)"));
    const error = (await folder.run('index.js', { node: node.path })).failure();
    assert.match(error, /ended by signal SIGABRT/);
  });
}

test('the post-job part passes signals on, too', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(javascript(`
    process.on('SIGTERM', () => { console.log('cleaned up'); process.exit(0); });
    console.log('ready');
    setTimeout(() => process.exit(99), 30000);
  `));
  const post = folder.spawn('post.js');
  await until(() => post.text('stdout').includes('ready'), 'the program is ready');
  post.kill('SIGTERM');
  const { code, stdout } = await post.ended;
  assert.deepStrictEqual([code, stdout], [0, 'ready\ncleaned up\n']);
});

test('on Windows the console tells the program itself, and the wrapper only stays alive', { skip: windows }, async (t) => {
  const folder = new TaskFolder(t);
  folder.program(
    javascript(`
      process.on('SIGINT', () => console.log('interrupted by the wrapper'));
      console.log('ready');
      setTimeout(() => process.exit(4), 10000);
    `),
    { platform: 'win32-x64', name: 'ado-entra-auth.exe' }
  );
  const nodeArguments = folder.preload(`
    Object.defineProperty(process, 'platform', { value: 'win32' });
    Object.defineProperty(process, 'arch', { value: 'x64' });
  `);
  const step = folder.spawn('index.js', { nodeArguments });
  await until(() => step.text('stdout').includes('ready'), 'the program is ready');
  step.kill('SIGINT');
  const { code, stdout } = await step.ended;
  assert.deepStrictEqual([code, stdout], [4, 'ready\n']);
});
