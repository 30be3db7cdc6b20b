'use strict';

// Packs target/task into an extension: `node pack.js PUBLISHER VERSION TOOLS OUT TARGET=TRIPLE…`. Called by scripts/package.

const childProcess = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { billOfMaterials, components, notices } = require('./components.js');
const vsix = require('./vsix.js');

const root = path.join(__dirname, '..', '..');
const CONTENT_TYPES = {
  '': 'text/plain',
  '.txt': 'text/plain',
  '.md': 'text/markdown',
  '.js': 'application/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml'
};

/** tfx would guess by the tools of this machine. */
function contentType(name) {
  if (path.basename(name).startsWith('ado-entra-auth')) return 'application/octet-stream';
  return CONTENT_TYPES[path.extname(name)] || 'application/octet-stream';
}

/** Every file of the extension by its name there, with where it lies, or its content. */
function contents(targets, triples, tools) {
  const files = new Map();
  const task = path.join(root, 'target', 'task');
  const inTask = ['task.json', 'index.js', 'post.js', 'icon.png', 'bin/SHA256SUMS'];
  for (const name of [...inTask, ...targets.map((target) => `bin/${vsix.programName(target)}`)]) {
    files.set(`${vsix.TASK}/${name}`, path.join(task, name));
  }
  for (const name of fs.readdirSync(path.join(root, 'images')).sort()) {
    if (/\.(png|svg)$/.test(name)) files.set(`images/${name}`, path.join(root, 'images', name));
  }
  for (const name of ['overview.md', 'LICENSE']) files.set(name, path.join(root, name));
  const found = components(triples);
  files.set('ThirdPartyNotices.txt', Buffer.from(notices(found)));
  files.set('sbom.cdx.json', Buffer.from(billOfMaterials(found, tools)));
  return files;
}

/** The extension's manifest with the version and every file by name, so that nothing comes along by lying there. */
function manifest(names, version) {
  const extension = JSON.parse(fs.readFileSync(path.join(root, 'vss-extension.json'), 'utf8'));
  extension.version = version;
  const shown = Object.values(extension.content);
  for (const part of shown) part.contentType = contentType(part.path);
  extension.files = names
    .filter((name) => !shown.some((part) => part.path === name))
    .map((name) => ({ path: name, contentType: contentType(name), ...(name.startsWith('images/') && { addressable: true }) }));
  return extension;
}

/** Runs tfx on a folder with these files, and gives the bytes of the extension. */
function create(files, publisher, version, tools, work) {
  const folder = path.join(work, 'extension');
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (Buffer.isBuffer(content)) fs.writeFileSync(file, content);
    else fs.copyFileSync(content, file);
  }
  fs.writeFileSync(path.join(folder, 'vss-extension.json'), JSON.stringify(manifest([...files.keys()].sort(), version), null, 2));
  const packed = path.join(work, 'packed.vsix');
  const tfx = path.join(tools, 'node_modules', 'tfx-cli', '_build', 'tfx-cli.js');
  const words = ['extension', 'create', '--no-color', '--no-prompt', '--root', folder, '--manifests', 'vss-extension.json'];
  const end = childProcess.spawnSync(process.execPath, [tfx, ...words, '--publisher', publisher, '--output-path', packed], {
    cwd: folder,
    encoding: 'utf8',
    // Its settings of earlier calls lie at home.
    env: { ...process.env, HOME: work, USERPROFILE: work },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  if (end.status !== 0 || !fs.existsSync(packed)) throw new Error(`tfx made no extension:\n${end.stdout}${end.stderr}`);
  return fs.readFileSync(packed);
}

/** Starts the task as an agent unpacks it: without modes, by Node, with next to no environment. */
function tryOut(files, version, work) {
  const folder = path.join(work, 'unpacked');
  for (const [name, bytes] of files) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes);
  }
  const machine = `${process.platform}-${process.arch}`;
  const program = path.join(folder, vsix.TASK, 'bin', vsix.programName(machine));
  if (!fs.existsSync(program)) return [`the programs are for other machines than this (${machine}), so none was started`, []];
  const empty = path.join(work, 'empty');
  fs.mkdirSync(empty);
  const options = { cwd: empty, env: {}, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  const step = childProcess.spawnSync(process.execPath, [path.join(folder, vsix.TASK, 'index.js')], options);
  const commands = step.stdout.split('\n').map((line) => line.replace(/^(##vso\[[^\]]*\]).*/, '$1')).join('\n');
  const problems = [];
  if (step.status !== 0 || step.stderr || commands !== '##vso[task.logissue type=error;]\n##vso[task.complete result=Failed;]\n') {
    problems.push(`the task should say that there is no agent, and said:\n${step.stdout}${step.stderr}`);
  }
  const said = childProcess.spawnSync(program, ['--version'], options);
  if (said.stdout !== `ado-entra-auth ${version}\n`) {
    problems.push(`the program for ${machine} is of another version: it says ${JSON.stringify(said.stdout)}, not ${version}`);
  }
  return [`the program for ${machine} was started`, problems];
}

async function main([publisher, version, tools, out, ...pairs]) {
  const targets = pairs.map((pair) => pair.split('=')[0]);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ado-entra-auth-package-'));
  try {
    const files = contents(targets, pairs.map((pair) => pair.split('=')[1]), tools);
    const bytes = await vsix.repack(create(files, publisher, version, tools, work), tools);
    const expected = { version, publisher, targets, files: [...files.keys()] };
    const wrong = await vsix.problems(bytes, tools, expected);
    const [said, more] = wrong.length ? ['', []] : tryOut(await vsix.open(bytes, tools), version, work);
    if (wrong.length || more.length) throw new Error([...wrong, ...more].join('\nerror: '));
    fs.writeFileSync(`${out}.new`, bytes);
    fs.renameSync(`${out}.new`, out);
    process.stdout.write(`packed ${path.relative(root, out)}: ${bytes.length} bytes, ${targets.join(', ')}; ${said}\n`);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
});
