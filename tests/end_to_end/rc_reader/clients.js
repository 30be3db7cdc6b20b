// Reads a JSON list of files from its input, each as bytes in Base64, and answers with what npm, pnpm and yarn make of each.
// Arguments: npm's program, pnpm's bundle, yarn's bundle; and `lines` to be asked one file a line, without an end.
'use strict';

const fs = require('fs');
const [npm, pnpm, yarn, mode] = process.argv.slice(2);

const fromNpm = require('module').createRequire(fs.realpathSync(npm));

// A module of esbuild's bundle by its name, run with nothing else of the bundle.
const pnpmText = fs.readFileSync(pnpm, 'utf8');
const fromPnpm = name => {
  const found = pnpmText.match(new RegExp(`\\nvar ${name} = (__commonJS\\(\\{[\\s\\S]*?\\n\\}\\));`));
  if (!found) throw new Error(`pnpm's bundle has no ${name}`);
  const commonJs = parts => {
    const module = { exports: {} };
    Object.values(parts)[0](module.exports, module);
    return module.exports;
  };
  return new Function('__commonJS', `return ${found[1]}`)(commonJs);
};

// A function of webpack's bundle, from a text in it to the end of its module.
const yarnText = fs.readFileSync(yarn, 'utf8');
const fromYarn = (start, name) => {
  const at = yarnText.indexOf(start);
  if (at < 0) throw new Error(`yarn's bundle has no ${name}`);
  return new Function(`${yarnText.slice(at, yarnText.indexOf('/***/ })', at)).replace(/\}\);\s*$/, '')}; return ${name};`)();
};

const variables = Object.assign(Object.create(null), { X: 'x', BLANK: '' });
const npmReplace = fromNpm('@npmcli/config/lib/env-replace.js');
const pnpmReplace = fromPnpm('require_env_replace').envReplace;
const yarnReplace = fromYarn('var ENV_EXPR = /', 'envReplace');
const clients = {
  Npm: [fromNpm('ini').parse, text => npmReplace(text, variables)],
  Pnpm: [fromPnpm('require_ini').parse, text => pnpmReplace(text, variables)],
  Yarn: [fromYarn('function decode (str) {\n  var out = {}', 'decode'), text => yarnReplace(text, variables)],
};

const orNull = read => {
  try {
    return read();
  } catch {
    return null;
  }
};

// What is read, and beside it what yarn's reader has put into the prototype of every object, which is cleaned again.
const builtIn = Object.getOwnPropertyNames(Object.prototype);
const settings = (parse, text) => {
  const read = orNull(() => parse(text));
  const inherited = {};
  for (const key of Object.getOwnPropertyNames(Object.prototype).filter(key => !builtIn.includes(key))) {
    inherited[key] = Object.prototype[key];
    delete Object.prototype[key];
  }
  return read && { ...inherited, ...read };
};

const described = (value, replace) => {
  if (Array.isArray(value)) return { list: orNull(() => value.map(String).join(',').toWellFormed()) };
  if (value !== null && typeof value === 'object') return { section: true };
  const text = String(value);
  return { text: text.toWellFormed(), replaced: orNull(() => replace(text).toWellFormed()) };
};

const answer = bytes => {
  const text = Buffer.from(bytes, 'base64').toString('utf8');
  return Object.values(clients).map(([parse, replace]) => {
    const found = settings(parse, text);
    return found && Object.entries(found).map(([key, value]) => [key.toWellFormed(), described(value, replace)]);
  });
};

if (mode === 'lines') {
  const lines = require('readline').createInterface({ input: process.stdin });
  lines.on('line', line => process.stdout.write(`${JSON.stringify(answer(line))}\n`));
} else {
  process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, 'utf8')).map(answer)));
}
