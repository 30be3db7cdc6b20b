'use strict';

// The manifests against the rules that packaging checks too, and against what pipelines and the documentation rely on.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const test = require('node:test');
const { contributionProblems, imageSize, taskProblems } = require('../../scripts/packaging/manifest.js');

const root = path.join(__dirname, '..', '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const task = JSON.parse(read('task/task.json'));
const extension = JSON.parse(read('vss-extension.json'));
const beside = (file) => fs.existsSync(path.join(root, 'task', file));

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
  keepFresh: ['boolean', [], 'true'],
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
});

test('the manifests keep the rules of the schema, the agent and tfx', () => {
  assert.deepStrictEqual(taskProblems(task, beside), []);
  assert.deepStrictEqual(contributionProblems(extension, task), []);
});

test('a manifest that breaks a rule is found out', () => {
  const input = (name, change) => (copy) => Object.assign(copy.inputs.find((candidate) => candidate.name === name), change);
  const faults = [
    [(copy) => (copy.ecosystem = 'x'), /the task has ecosystem/],
    [(copy) => (copy.id = '0d6c3a52'), /not a GUID/],
    [(copy) => (copy.name = 'Ado Entra'), /name holds other characters/],
    [(copy) => (copy.friendlyName = 'x'.repeat(41)), /1 to 40 characters/],
    [(copy) => delete copy.instanceNameFormat, /instanceNameFormat is missing/],
    [(copy) => (copy.category = 'Feeds'), /no category Feeds/],
    [(copy) => (copy.visibility = ['Everywhere']), /visibility names places/],
    [(copy) => (copy.runsOn = []), /runsOn names places/],
    [(copy) => (copy.version.Minor = '0'), /version is not three numbers/],
    [(copy) => (copy.minimumAgentVersion = '3.233.1'), /below 3\.234/],
    [(copy) => (copy.minimumAgentVersion = 'new'), /below 3\.234/],
    [(copy) => (copy.execution.Node10 = { target: 'index.js' }), /execution has other handlers/],
    [(copy) => (copy.execution.Node24.target = 'post.js'), /starts another file than index\.js/],
    [(copy) => (copy.postjobexecution.Node24.target = 'gone.js'), /gone\.js, which is not there/],
    [(copy) => (copy.outputVariables = [{ name: 'x' }]), /outputVariables claims/],
    [(copy) => (copy.restrictions.commands.mode = 'any'), /restrictions are other/],
    [input('tools', { validation: {} }), /the input tools has validation/],
    [input('tools', { type: 'text' }), /tools has the unknown type text/],
    [input('tools', { properties: { cols: '3' } }), /the input tools has cols/],
    [input('tools', { helpMarkDown: 'No stop' }), /tools lacks a label or a help/],
    [input('tools', { required: undefined }), /tools does not say whether it is required/],
    [input('tools', { groupName: 'more' }), /tools is in a group/],
    [input('gitCredential', { defaultValue: 'none' }), /none of its options/],
    [input('clientSecret', { visibleRule: 'connectionType = password' }), /clientSecret shows for connectionType = password/],
    [input('tenantId', { name: 'CLIENTID' }), /two inputs are named clientid/]
  ];
  for (const [spoil, pattern] of faults) {
    const copy = JSON.parse(JSON.stringify(task));
    spoil(copy);
    const problems = taskProblems(copy, beside);
    assert.ok(problems.some((problem) => pattern.test(problem)), `${pattern}: ${problems.join('; ')}`);
  }
  const renamed = { ...task, name: 'Other' };
  assert.match(contributionProblems(extension, renamed).join(), /the contribution names the folder AdoEntraAuth/);
  assert.match(contributionProblems({}, task).join(), /exactly one contribution/);
});

test('the version stands in Cargo.toml only, and pipelines say AdoEntraAuth@1', () => {
  assert.deepStrictEqual(task.version, { Major: 0, Minor: 0, Patch: 0 });
  assert.strictEqual(extension.version, '0.0.0');
  assert.match(read('Cargo.toml'), /^\[workspace\.package\]\nversion = "1\.\d+\.\d+"$/m);
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
  const [contribution] = extension.contributions;
  const folder = extension.files.find((file) => file.packagePath === contribution.properties.name);
  assert.strictEqual(folder.path, 'target/task');
});

test('what the extension shows in the Marketplace exists', () => {
  for (const file of [extension.icons.default, extension.content.details.path, extension.content.license.path]) {
    assert.ok(fs.existsSync(path.join(root, file)), file);
  }
  assert.deepStrictEqual(imageSize(fs.readFileSync(path.join(root, 'images/icon.png'))), [128, 128]);
  assert.deepStrictEqual(imageSize(fs.readFileSync(path.join(root, 'task/icon.png'))), [32, 32]);
});
