'use strict';

// The manifests against the rules of the agent and of tfx, which otherwise speak up only after publishing.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');

const root = path.join(__dirname, '..', '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const task = JSON.parse(read('task/task.json'));
const extension = JSON.parse(read('vss-extension.json'));

// name: [type, aliases, default, options]
const INPUTS = {
  connectionType: [
    'pickList',
    [],
    'azureDevOps',
    ['azureDevOps', 'azureRM', 'pipeline', 'clientSecret', 'clientCertificate', 'managedIdentity']
  ],
  azureDevOpsServiceConnection: [
    'connectedService:workloadidentityuser',
    ['workloadIdentityServiceConnection'],
    undefined
  ],
  connectedServiceNameARM: ['connectedService:AzureRM', ['azureSubscription'], undefined],
  clientId: ['string', [], undefined],
  tenantId: ['string', [], undefined],
  clientSecret: ['string', [], undefined],
  clientCertificate: ['string', [], undefined],
  clientCertificatePassword: ['string', [], undefined],
  sendCertificateChain: ['boolean', [], 'false'],
  federatedClientId: ['string', [], undefined],
  tools: ['multiLine', [], 'auto'],
  feeds: ['multiLine', [], ''],
  organizations: ['multiLine', [], ''],
  workingDirectory: ['string', [], ''],
  gitCredential: ['pickList', [], 'helper', ['helper', 'extraHeader']],
  tokenVariable: ['string', [], 'ADO_ENTRA_TOKEN'],
  verify: ['boolean', [], 'true'],
  authorityHost: ['string', [], 'https://login.microsoftonline.com'],
  propagationTimeout: ['string', [], '']
};

const VISIBLE = {
  azureDevOpsServiceConnection: ['azureDevOps'],
  connectedServiceNameARM: ['azureRM'],
  clientId: ['pipeline', 'clientSecret', 'clientCertificate', 'managedIdentity'],
  tenantId: ['pipeline', 'clientSecret', 'clientCertificate', 'managedIdentity'],
  clientSecret: ['clientSecret'],
  clientCertificate: ['clientCertificate'],
  clientCertificatePassword: ['clientCertificate'],
  sendCertificateChain: ['clientCertificate', 'azureRM'],
  federatedClientId: ['managedIdentity']
};

test('the task has the names that pipelines and agents know it by', () => {
  assert.strictEqual(task.id, '0d6c3a52-3f0e-4c8e-9a57-7b1d2c54e1aa');
  assert.strictEqual(task.name, 'AdoEntraAuth');
  assert.match(task.name, /^[A-Za-z0-9-]+$/);
  assert.ok(task.friendlyName.length >= 1 && task.friendlyName.length <= 40, task.friendlyName);
  assert.ok(task.instanceNameFormat);
  assert.ok(task.description && task.author && task.helpMarkDown);
});

test('the manifest holds only what the schema of the task library knows', () => {
  const known = [
    '$schema', 'id', 'name', 'friendlyName', 'description', 'helpMarkDown', 'category', 'visibility', 'runsOn', 'author',
    'version', 'minimumAgentVersion', 'instanceNameFormat', 'groups', 'inputs', 'execution', 'postjobexecution',
    'restrictions'
  ];
  assert.deepStrictEqual(Object.keys(task).filter((key) => !known.includes(key)), []);
  const inputKeys = [
    'name', 'aliases', 'type', 'label', 'defaultValue', 'required', 'options', 'visibleRule', 'groupName', 'properties',
    'helpMarkDown'
  ];
  for (const input of task.inputs) {
    assert.deepStrictEqual(Object.keys(input).filter((key) => !inputKeys.includes(key)), [], input.name);
  }
});

test('the places where the task shows and runs are ones that the service has', () => {
  assert.ok(['Build', 'Utility', 'Test', 'Package', 'Deploy', 'Azure Artifacts'].includes(task.category));
  assert.ok(task.visibility.every((place) => ['Build', 'Release'].includes(place)));
  assert.ok(task.runsOn.every((place) => ['Agent', 'MachineGroup', 'DeploymentGroup'].includes(place)));
});

test('the version is numbers, and the same in the task, the extension and the crate', () => {
  const { Major, Minor, Patch } = task.version;
  assert.ok([Major, Minor, Patch].every(Number.isInteger));
  assert.strictEqual(Major, 1, 'pipelines say AdoEntraAuth@1');
  assert.strictEqual(extension.version, `${Major}.${Minor}.${Patch}`);
  assert.ok(read('Cargo.toml').includes(`\nversion = "${extension.version}"\n`));
});

test('the agent is new enough for variables that keep their case', () => {
  assert.match(task.minimumAgentVersion, /^\d+\.\d+(\.\d+)?$/);
  const [major, minor] = task.minimumAgentVersion.split('.').map(Number);
  assert.ok(major > 3 || (major === 3 && minor >= 234));
});

test('the handlers are those without a deprecation warning, and their files exist', () => {
  for (const [part, target] of [['execution', 'index.js'], ['postjobexecution', 'post.js']]) {
    assert.deepStrictEqual(Object.keys(task[part]).sort(), ['Node20_1', 'Node24']);
    for (const handler of Object.values(task[part])) {
      assert.strictEqual(handler.target, target);
      assert.ok(fs.existsSync(path.join(root, 'task', handler.target)));
    }
  }
});

test('no later step misses a variable because the manifest claims it as an output', () => {
  // The agent stores what `outputVariables` lists as `<step>.<name>` only.
  const names = (task.outputVariables || []).map((variable) => variable.name);
  assert.deepStrictEqual(names, []);
});

test('the task may send the harmless commands only, and set any variable', () => {
  assert.deepStrictEqual(task.restrictions, { commands: { mode: 'restricted' } });
});

test('the inputs are those of the documentation, each with its type, aliases, default and options', () => {
  assert.deepStrictEqual(task.inputs.map((input) => input.name), Object.keys(INPUTS));
  for (const input of task.inputs) {
    const [type, aliases, value, options] = INPUTS[input.name];
    assert.strictEqual(input.type, type, input.name);
    assert.deepStrictEqual(input.aliases || [], aliases, input.name);
    assert.strictEqual(input.defaultValue, value, input.name);
    assert.deepStrictEqual(input.options && Object.keys(input.options), options, input.name);
  }
});

test('every input is well formed', () => {
  const groups = task.groups.map((group) => group.name);
  for (const input of task.inputs) {
    assert.match(input.name, /^[A-Za-z][A-Za-z0-9]*$/);
    assert.match(input.type, /^(string|multiLine|boolean|pickList|connectedService:[A-Za-z]+)$/, input.name);
    assert.ok(input.label && input.helpMarkDown, input.name);
    assert.ok(input.helpMarkDown.endsWith('.'), input.name);
    assert.strictEqual(typeof input.required, 'boolean', input.name);
    if (input.groupName) assert.ok(groups.includes(input.groupName), input.name);
    if (input.options) assert.ok(input.defaultValue in input.options, input.name);
  }
  assert.ok(task.groups.every((group) => group.name && group.displayName));
});

test('names and aliases are unique without regard to case', () => {
  // The agent hands inputs over as INPUT_<NAME> in upper case.
  const names = task.inputs.flatMap((input) => [input.name, ...(input.aliases || [])]).map((name) => name.toLowerCase());
  assert.deepStrictEqual(names.filter((name, place) => names.indexOf(name) !== place), []);
});

test('an input shows for exactly the connection types that use it', () => {
  for (const input of task.inputs) {
    const types = VISIBLE[input.name];
    const rule = types && types.map((type) => `connectionType = ${type}`).join(' || ');
    assert.strictEqual(input.visibleRule, rule, input.name);
  }
});

test('what only some connection types need is never demanded of the others', () => {
  const required = task.inputs.filter((input) => input.required).map((input) => input.name);
  for (const name of required) assert.ok(name === 'connectionType' || VISIBLE[name], name);
});

test('the list of tools in the help is the list of the contract', () => {
  const help = task.inputs.find((input) => input.name === 'tools').helpMarkDown;
  const tools = [
    'auto', 'npm', 'yarn', 'pnpm', 'bun', 'maven', 'gradle', 'nuget', 'pip', 'uv', 'poetry', 'twine', 'cargo', 'conda',
    'universal', 'git', 'azureDevOpsCli'
  ];
  assert.deepStrictEqual([...help.split('separated')[0].matchAll(/`([^`]+)`/g)].map((match) => match[1]), tools);
});

test('the extension contributes the staged folder under the name of the task', () => {
  assert.strictEqual(extension.id, 'ado-entra-auth');
  assert.strictEqual(extension.publisher, undefined, 'whoever packages names the publisher');
  assert.strictEqual(extension.contributions.length, 1);
  const [contribution] = extension.contributions;
  assert.strictEqual(contribution.type, 'ms.vss-distributed-task.task');
  assert.deepStrictEqual(contribution.targets, ['ms.vss-distributed-task.tasks']);
  const folder = extension.files.find((file) => file.packagePath === contribution.properties.name);
  assert.strictEqual(folder.path, 'target/task');
});

test('what the extension shows in the Marketplace exists', () => {
  for (const file of [extension.icons.default, extension.content.details.path, extension.content.license.path]) {
    assert.ok(fs.existsSync(path.join(root, file)), file);
  }
  assert.deepStrictEqual(imageSize('images/icon.png'), [128, 128]);
  assert.deepStrictEqual(imageSize('task/icon.png'), [32, 32]);
});

function imageSize(file) {
  const bytes = fs.readFileSync(path.join(root, file));
  assert.strictEqual(bytes.toString('latin1', 1, 4), 'PNG', file);
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}
