'use strict';

// scripts/publish against a stand-in of the Marketplace, as far as tfx asks it. It is reached as a company's network would have it:
// by a proxy, and with an authority of its own.

const assert = require('assert');
const childProcess = require('child_process');
const fs = require('fs');
const http = require('http');
const https = require('https');
const net = require('net');
const path = require('path');
const test = require('node:test');
const { root, sha256, temporaryFolder, tools, withoutTools } = require('./project.js');

const VERSION = /^version = "(.*)"$/m.exec(fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
const HOST = 'marketplace.visualstudio.com';
const TOKEN = `eyJ0eXAi.${'t0ken'.repeat(300)}.sig-_`;
const EXTENSIONS = 'a41192c8-9525-4b58-bc86-179fa549d80d';
const EXTENSION = 'e11ea35a-16fe-4b80-ab11-c4cab88a0966';
const openssl = childProcess.spawnSync('openssl', ['version']).status !== 0 && 'openssl is missing';
const skip = withoutTools || openssl;

/** The Marketplace: who asked, and what was published there. */
class Marketplace {
  constructor({ published, refuses }) {
    Object.assign(this, { published, refuses, requests: [], uploads: [], connected: new Set(), seen: [] });
  }

  async start(folder) {
    const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')];
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${HOST}`];
    childProcess.execFileSync('openssl', [...words, '-addext', `subjectAltName=DNS:${HOST}`, '-keyout', key, '-out', certificate], {
      stdio: 'ignore'
    });
    this.server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, (request, response) => {
      this.answer(request, response);
    });
    this.proxy = http.createServer((request, response) => response.writeHead(400).end());
    this.proxy.on('connect', (request, socket) => {
      this.connected.add(request.url);
      if (request.url !== `${HOST}:443`) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const behind = net.connect(this.server.address().port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        behind.pipe(socket).pipe(behind);
      });
      for (const end of [socket, behind]) end.on('error', () => {});
    });
    for (const server of [this.server, this.proxy]) await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const proxy = `http://127.0.0.1:${this.proxy.address().port}`;
    return { HTTPS_PROXY: proxy, https_proxy: proxy, NODE_EXTRA_CA_CERTS: certificate };
  }

  stop() {
    for (const server of [this.server, this.proxy]) {
      server.closeAllConnections();
      server.close();
    }
  }

  async answer(request, response) {
    const { method } = request;
    const { pathname, searchParams } = new URL(request.url, `https://${HOST}`);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const reply = (status, value) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    this.requests.push(`${method} ${pathname}`);
    this.seen.push(...commandLinesWith(TOKEN));
    if (method === 'OPTIONS' && pathname === '/_apis/gallery') {
      const location = (id, resourceName, routeTemplate) => ({
        id, area: 'gallery', resourceName, routeTemplate, resourceVersion: 2, minVersion: '1.0', maxVersion: '7.2', releasedVersion: '0.0'
      });
      const extension = '_apis/{area}/publishers/{publisherName}/{resource}/{extensionName}';
      const value = [location(EXTENSIONS, 'extensions', '_apis/{area}/{resource}'), location(EXTENSION, 'extensions', extension)];
      return reply(200, { count: value.length, value });
    }
    const authorization = `Basic ${Buffer.from(`OAuth:${TOKEN}`).toString('base64')}`;
    if (this.refuses || request.headers.authorization !== authorization) {
      return reply(401, { message: 'TF400813: The user is not authorized to access this resource.' });
    }
    const about = {
      publisher: { publisherName: 'contoso' },
      extensionName: 'ado-entra-auth',
      versions: [{ version: VERSION, flags: 1, lastUpdated: '2026-01-01T00:00:00Z' }]
    };
    const one = '/_apis/gallery/publishers/contoso/extensions/ado-entra-auth';
    if (method === 'GET' && pathname === one) {
      return this.published ? reply(200, about) : reply(404, { message: 'not found' });
    }
    const wanted = this.published ? `PUT ${one}` : 'POST /_apis/gallery/extensions';
    if (`${method} ${pathname}` === wanted && request.headers['content-type'] === 'application/octet-stream') {
      this.uploads.push(body);
      this.published = true;
      return reply(200, about);
    }
    return reply(400, { message: `not known here: ${method} ${pathname} ${searchParams}` });
  }
}

/** The command lines of all processes that hold a text. */
function commandLinesWith(text) {
  if (process.platform !== 'linux') return [];
  return fs.readdirSync('/proc').filter((id) => /^\d+$/.test(id)).flatMap((id) => {
    try {
      const line = fs.readFileSync(`/proc/${id}/cmdline`, 'latin1');
      return line.includes(text) ? [line] : [];
    } catch (error) {
      return [];
    }
  });
}

/** An extension, a program that signs in, and a Marketplace. */
async function prepare(t, { version = VERSION, publisher = 'contoso', signIn = `printf '%s\\n' '${TOKEN}'`, ...market } = {}) {
  const folder = temporaryFolder(t);
  const zip = new (require(path.join(tools, 'node_modules', 'jszip')))();
  const identity = `<Identity Language="en-US" Id="ado-entra-auth" Version="${version}" Publisher="${publisher}"/>`;
  zip.file('extension.vsixmanifest', `<PackageManifest><Metadata>${identity}<GalleryFlags/></Metadata></PackageManifest>`);
  const file = path.join(folder, 'the extension.vsix');
  fs.writeFileSync(file, await zip.generateAsync({ type: 'nodebuffer' }));
  const program = path.join(folder, 'program');
  fs.writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" >"$0.words"\n${signIn}\n`, { mode: 0o755 });
  const marketplace = new Marketplace(market);
  const env = await marketplace.start(folder);
  t.after(() => marketplace.stop());
  const publish = (...words) => new Promise((resolve) => {
    // A token of an earlier login at home must not matter.
    const home = path.join(folder, 'home');
    fs.mkdirSync(home, { recursive: true });
    const child = childProcess.spawn(path.join(root, 'scripts/publish'), ['--program', program, '--vsix', file, ...words], {
      env: { ...process.env, ...env, HOME: home, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (status) => resolve({ status, stdout, stderr, home: fs.readdirSync(home) }));
  });
  return { folder, file, program, marketplace, publish };
}

const SIGN_IN = ['--', '--input', 'connectionType=managedIdentity'];

test('publishing is dry unless it is asked for', { skip }, async (t) => {
  const { file, program, marketplace, publish } = await prepare(t, {});
  const outcome = await publish(...SIGN_IN);
  assert.strictEqual(outcome.status, 0, outcome.stderr);
  const lines = [
    `extension: contoso.ado-entra-auth ${VERSION} (private)`,
    `file:      ${file}`,
    `SHA-256:   ${sha256(fs.readFileSync(file))}`,
    `to:        https://${HOST}`,
    'sign-in:   ado-entra-auth token --input connectionType=managedIdentity',
    'Nothing was published. With --yes, this asks for the token and runs: tfx extension publish'
  ];
  assert.strictEqual(outcome.stdout, `${lines.join('\n')}\n`);
  assert.deepStrictEqual([[...marketplace.connected], fs.existsSync(`${program}.words`)], [[], false]);
});

for (const published of [false, true]) {
  test(`an extension is ${published ? 'published again' : 'published for the first time'}`, { skip }, async (t) => {
    const { folder, file, program, marketplace, publish } = await prepare(t, { published });
    const outcome = await publish('--yes', ...SIGN_IN);
    const said = outcome.stdout + outcome.stderr;
    assert.strictEqual(outcome.status, 0, said);
    assert.match(outcome.stdout, new RegExp(`\npublished contoso\\.ado-entra-auth ${VERSION}\n$`));
    assert.strictEqual(marketplace.uploads.length, 1);
    assert.ok(marketplace.uploads[0].equals(fs.readFileSync(file)), 'another file was published');
    assert.deepStrictEqual([...marketplace.connected], [`${HOST}:443`]);
    assert.strictEqual(fs.readFileSync(`${program}.words`, 'utf8'), 'token\n--input\nconnectionType=managedIdentity\n');
    assert.ok(!said.includes(TOKEN), 'the token was printed');
    assert.deepStrictEqual(marketplace.seen, [], 'the token was on a command line');
    assert.deepStrictEqual(outcome.home, []);
    assert.deepStrictEqual(fs.readdirSync(folder).filter((name) => name.startsWith('tmp.')), []);
  });
}

test('a refused token, no token and an empty one publish nothing', { skip }, async (t) => {
  const refused = await prepare(t, { refuses: true });
  const outcome = await refused.publish('--yes', ...SIGN_IN);
  assert.notStrictEqual(outcome.status, 0);
  assert.match(outcome.stderr, /^error: tfx did not publish the extension/m);
  assert.match(outcome.stdout, /401|not authorized/i);
  assert.ok(!(outcome.stdout + outcome.stderr).includes(TOKEN), 'the token was printed');
  assert.deepStrictEqual(refused.marketplace.uploads, []);
  for (const [signIn, pattern] of [['echo refused >&2; exit 1', /no token, so nothing was published/], [':', /the token is empty/]]) {
    const { marketplace, publish } = await prepare(t, { signIn });
    const ended = await publish('--yes');
    assert.strictEqual(ended.status, 1);
    assert.match(ended.stderr, pattern);
    assert.deepStrictEqual([...marketplace.connected], []);
  }
});

test('an extension of another version, without a publisher, or none at all', { skip }, async (t) => {
  const other = await prepare(t, { version: '0.0.1' });
  assert.match((await other.publish()).stderr, /is version 0\.0\.1, and Cargo\.toml says .*Please pack it again/);
  const placeholder = await prepare(t, { publisher: 'your-publisher' });
  assert.match((await placeholder.publish()).stderr, /was packed without a publisher/);
  fs.writeFileSync(placeholder.file, 'no zip');
  const none = await placeholder.publish();
  assert.match(none.stderr, /is no extension: /);
  assert.strictEqual(none.status, 1);
  assert.match((await placeholder.publish('--vsix', '/no/such/file')).stderr, /there is no file \/no\/such\/file/);
});
