'use strict';

// Prints what an extension's file says of itself: `node about.js TOOLS FILE` → publisher, id, version, public or private.

const fs = require('fs');
const vsix = require('./vsix.js');

async function main([tools, file]) {
  const files = await vsix.open(fs.readFileSync(file), tools);
  const manifest = (files.get('extension.vsixmanifest') || '').toString();
  const [, identity = ''] = /<Identity ([^>]*)\/>/.exec(manifest) || [];
  const values = ['Publisher', 'Id', 'Version'].map((name) => (new RegExp(`\\b${name}="([^"]+)"`).exec(identity) || [])[1]);
  if (values.includes(undefined)) throw new Error('its manifest names no publisher, id and version');
  process.stdout.write(`${[...values, /<GalleryFlags>[^<]*\bPublic\b/.test(manifest) ? 'public' : 'private'].join('\n')}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`error: ${process.argv[3]} is no extension: ${error.message}\n`);
  process.exitCode = 1;
});
