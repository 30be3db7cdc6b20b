'use strict';

// An extension's file, which is a zip: written so that the same content has the same bytes, and read again to check it.

const crypto = require('crypto');
const path = require('path');
const { contributionProblems, imageSize, taskProblems } = require('./manifest.js');

const TASK = 'AdoEntraAuth';
const LARGEST_EXTENSION = 15 * 1000 * 1000;
// What tfx adds.
const MANIFESTS = ['[Content_Types].xml', 'extension.vsixmanifest', 'extension.vsomanifest'];
// The first date that a zip can hold.
const DATE = new Date(Date.UTC(1980, 0, 1));

function jszip(tools) {
  return require(path.join(tools, 'node_modules', 'jszip'));
}

/** Writes the files of a vsix again: sorted names, one date, no folders. */
async function repack(bytes, tools) {
  const JSZip = jszip(tools);
  const [old, zip] = [await JSZip.loadAsync(bytes), new JSZip()];
  const files = Object.values(old.files).filter((file) => !file.dir);
  for (const file of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    zip.file(file.name, await file.async('nodebuffer'), { date: DATE, createFolders: false });
  }
  return zip.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE', compressionOptions: { level: 9 }, platform: 'DOS' });
}

/** The files of a vsix by name. */
async function open(bytes, tools) {
  const zip = await jszip(tools).loadAsync(bytes, { checkCRC32: true });
  const files = new Map();
  for (const file of Object.values(zip.files)) {
    if (!file.dir) files.set(file.name, await file.async('nodebuffer'));
  }
  return files;
}

/**
 * What is wrong with an extension: `expected` has its `version`, `publisher` and `targets`, and the names of all its `files` beside
 * those that tfx adds.
 */
async function problems(bytes, tools, expected) {
  const found = [];
  if (bytes.length > LARGEST_EXTENSION) found.push(`the extension has ${bytes.length} bytes, more than 15 MB`);
  const files = await open(bytes, tools);
  const names = [...expected.files, ...MANIFESTS];
  for (const name of names) if (!files.has(name)) found.push(`${name} is missing`);
  for (const name of files.keys()) if (!names.includes(name)) found.push(`${name} does not belong there`);
  if (found.length) return found;

  const text = (name) => files.get(name).toString('utf8');
  const inTask = (name) => `${TASK}/${name}`;
  const task = JSON.parse(text(inTask('task.json')));
  found.push(...taskProblems(task, (name) => files.has(inTask(name))));
  found.push(...contributionProblems(JSON.parse(text('extension.vsomanifest')), task));

  const { Major, Minor, Patch } = task.version || {};
  const identity = /<Identity ([^>]*)\/>/.exec(text('extension.vsixmanifest'));
  const attribute = (name) => (new RegExp(`\\b${name}="([^"]*)"`).exec(identity ? identity[1] : '') || [])[1];
  const versions = {
    'Cargo.toml': expected.version,
    'task.json': `${Major}.${Minor}.${Patch}`,
    'the extension': attribute('Version'),
    'the bill of materials': JSON.parse(text('sbom.cdx.json')).metadata.component.version
  };
  if (new Set(Object.values(versions)).size > 1) {
    found.push(`the versions differ: ${Object.entries(versions).map((entry) => entry.join(' says ')).join(', ')}`);
  }
  if (attribute('Publisher') !== expected.publisher) found.push(`the extension's publisher is ${attribute('Publisher')}`);

  for (const [name, size] of [[inTask('icon.png'), 32], ['images/icon.png', 128]]) {
    const [width, height] = imageSize(files.get(name)) || [];
    if (width !== size || height !== size) found.push(`${name} is not a PNG of ${size} by ${size}`);
  }
  if (!text(inTask('index.js')).includes('\nconst PACKED = true;\n')) found.push('index.js does not know that it is packed');
  const sums = checksums(text(inTask('bin/SHA256SUMS')));
  const programs = expected.targets.map((target) => programName(target));
  if ([...sums.keys()].sort().join() !== [...programs].sort().join()) found.push('SHA256SUMS lists other programs than are there');
  for (const [place, target] of expected.targets.entries()) {
    const program = files.get(inTask(`bin/${programs[place]}`));
    if (sums.get(programs[place]) !== crypto.createHash('sha256').update(program).digest('hex')) {
      found.push(`${programs[place]} has another SHA-256 than SHA256SUMS says`);
    }
    const machine = machineOf(program);
    if (machine !== target) found.push(`${programs[place]} is a program for ${machine || 'no machine that is known'}`);
  }
  return found;
}

/** Reads the form that `sha256sum --check` reads. */
function checksums(text) {
  return new Map(text.split('\n').filter(Boolean).map((line) => [line.slice(66), line.slice(0, 64)]));
}

/** Where a target's program lies below `bin`. */
function programName(target) {
  return `${target}/ado-entra-auth${target.startsWith('win32-') ? '.exe' : ''}`;
}

/** The machine that a program was built for, in the words of Node. */
function machineOf(bytes) {
  if (bytes.length < 1024) return null;
  if (bytes.toString('latin1', 0, 4) === '\x7fELF') return { 62: 'linux-x64', 183: 'linux-arm64' }[bytes.readUInt16LE(18)] || null;
  if (bytes.toString('latin1', 0, 2) === 'MZ') {
    const header = bytes.readUInt32LE(60);
    return header < 1000 && bytes.readUInt16LE(header + 4) === 0x8664 ? 'win32-x64' : null;
  }
  if (bytes.readUInt32LE(0) === 0xfeedfacf) {
    return { 0x01000007: 'darwin-x64', 0x0100000c: 'darwin-arm64' }[bytes.readUInt32LE(4)] || null;
  }
  return null;
}

module.exports = { MANIFESTS, TASK, machineOf, open, problems, programName, repack };
