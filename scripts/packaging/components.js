'use strict';

// The crates that the programs are built of: as a CycloneDX bill of materials, and with the texts of their licences.

const childProcess = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..');
const LICENCE = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

function cargo(...words) {
  return childProcess.execFileSync('cargo', words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The crates behind the programs for these triples, by `name version`, without the emulator: `{ package, uses, checksum }`. */
function components(triples) {
  const shipped = new Set();
  for (const triple of triples) {
    const tree = ['-e', 'normal,build', '--prefix', 'none', '--format', '{p}'];
    const lines = cargo('tree', '--locked', '-p', 'ado-entra-auth', '--no-default-features', '--target', triple, ...tree);
    for (const [, name, version] of lines.matchAll(/^(\S+) v(\S+)/gm)) shipped.add(`${name} ${version}`);
  }
  const filters = triples.flatMap((triple) => ['--filter-platform', triple]);
  const metadata = JSON.parse(cargo('metadata', '--locked', '--format-version', '1', '--no-default-features', ...filters));
  const checksums = new Map();
  const lock = fs.readFileSync(path.join(root, 'Cargo.lock'), 'utf8');
  for (const [, name, version, sum] of lock.matchAll(/name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"/g)) {
    checksums.set(`${name} ${version}`, sum);
  }
  const keyOf = new Map(metadata.packages.map((entry) => [entry.id, `${entry.name} ${entry.version}`]));
  const found = new Map();
  for (const entry of metadata.packages) {
    const key = keyOf.get(entry.id);
    if (shipped.has(key)) found.set(key, { package: entry, uses: [], checksum: checksums.get(key) });
  }
  for (const node of metadata.resolve.nodes) {
    const component = found.get(keyOf.get(node.id));
    if (!component) continue;
    const kinds = node.deps.filter((dep) => dep.dep_kinds.some((kind) => kind.kind !== 'dev'));
    component.uses = kinds.map((dep) => keyOf.get(dep.pkg)).filter((key) => found.has(key)).sort();
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The bill of materials, without a time or a number of its own: the same crates give the same text. */
function billOfMaterials(found, tools) {
  const CDX = require(path.join(tools, 'node_modules', '@cyclonedx', 'cyclonedx-library'));
  const { Bom, Component, SpdxLicense, LicenseExpression } = CDX.Models;
  const bom = new Bom();
  const byKey = new Map();
  for (const [key, { package: entry, checksum }] of found) {
    const own = entry.source === null;
    const type = own ? CDX.Enums.ComponentType.Application : CDX.Enums.ComponentType.Library;
    const purl = `pkg:cargo/${entry.name}@${entry.version}`;
    const component = new Component(type, entry.name, { version: entry.version, bomRef: purl, purl });
    component.description = entry.description ? entry.description.replace(/\s+/g, ' ').trim() : undefined;
    const licence = expression(entry);
    component.licenses.add(/ /.test(licence) ? new LicenseExpression(licence) : new SpdxLicense(licence));
    if (checksum) component.hashes.set(CDX.Enums.HashAlgorithm['SHA-256'], checksum);
    byKey.set(key, component);
    if (own) bom.metadata.component = component;
    else bom.components.add(component);
  }
  for (const [key, { uses }] of found) {
    for (const use of uses) byKey.get(key).dependencies.add(byKey.get(use).bomRef);
  }
  const factory = new CDX.Serialize.JSON.Normalize.Factory(CDX.Spec.Spec1dot6);
  return `${new CDX.Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 1 })}\n`;
}

/** A licence as SPDX writes it; older crates separate alternatives by a slash. */
function expression(entry) {
  if (!entry.license) throw new Error(`the crate ${entry.name} ${entry.version} names no licence`);
  return entry.license.replace(/\s*\/\s*/g, ' OR ');
}

/** The texts of the licences, each once, with the crates that come under it. */
function notices(found) {
  const texts = new Map();
  const list = [];
  const add = (name, text) => {
    const clean = text.replace(/\r\n?/g, '\n').replace(/[ \t]+$/gm, '').replace(/^\n+|\s+$/g, '');
    texts.set(clean, [...(texts.get(clean) || []), name]);
  };
  for (const [key, { package: entry }] of found) {
    if (entry.source === null) continue;
    list.push(`${key}: ${expression(entry)}`);
    const texts = licenceTexts(entry, found);
    if (!texts.length) throw new Error(`the crate ${key} brings no text of its licence`);
    for (const text of texts) add(key, text);
  }
  for (const [name, licence, files] of libraries()) {
    list.push(`${name}: ${licence}`);
    for (const text of files) add(name, text);
  }
  const line = '-'.repeat(80);
  const parts = [...texts].map(([text, names]) => `${line}\n${names.join(', ')}\n${line}\n\n${text}\n`);
  return `AdoEntraAuth is built of these, whose licences follow.\n\n${list.join('\n')}\n\n${parts.join('\n')}`;
}

/** The texts that a crate brings, else another one of the same repository and licence, else the licence that it names by its author. */
function licenceTexts(entry, found) {
  const own = textsOf(entry);
  if (own.length || !entry.repository) return own;
  const isLike = (other) => other.repository === entry.repository && other.license === entry.license;
  const likes = [...found.values()].filter((other) => isLike(other.package)).flatMap((other) => textsOf(other.package));
  if (likes.length || entry.license !== 'MIT' || !entry.authors.length) return likes;
  return [rustsLicence('MIT.txt').replace(/^Copyright.*$/m, `Copyright (c) ${entry.authors.join(', ')}`)];
}

function textsOf(entry) {
  const folder = path.dirname(entry.manifest_path);
  return licenceFiles(folder).map((file) => fs.readFileSync(path.join(folder, file), 'utf8'));
}

/** The texts at the top of a crate, and in the source that it carries of another project. */
function licenceFiles(folder) {
  const files = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile() && LICENCE.test(entry.name)) files.push(entry.name);
    if (entry.isDirectory() && /^(licen[cs]es?|aws-lc|third_party|fiat|c_src|mimalloc|v3)$/i.test(entry.name)) {
      files.push(...licenceFiles(path.join(folder, entry.name)).map((file) => path.join(entry.name, file)));
    }
  }
  return files;
}

/** A licence as Rust's own documentation has it. */
function rustsLicence(name) {
  const sysroot = childProcess.execFileSync('rustc', ['--print', 'sysroot'], { cwd: root, encoding: 'utf8' }).trim();
  return fs.readFileSync(path.join(sysroot, 'share', 'doc', 'rust', 'licenses', name), 'utf8');
}

/** What is linked in beside the crates. */
function libraries() {
  const beside = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8');
  return [
    ["Rust's standard library", 'MIT OR Apache-2.0', [rustsLicence('MIT.txt'), rustsLicence('Apache-2.0.txt')]],
    ['musl (Linux programs)', 'MIT', [beside('musl.txt')]],
    ["mingw-w64's runtime (Windows programs)", 'ZPL-2.1', [beside('mingw.txt')]]
  ];
}

module.exports = { billOfMaterials, components, notices };
