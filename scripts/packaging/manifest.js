'use strict';

// The manifests against the rules of the agent, of tfx and of the task library's schema (tasks.schema.json), which otherwise speak up
// only after publishing. Each function names what is wrong, in a list that is empty for a good manifest.

const SCHEMA = {
  task: [
    '$schema', 'id', 'name', 'friendlyName', 'description', 'helpMarkDown', 'helpUrl', 'category', 'visibility', 'runsOn', 'author',
    'version', 'minimumAgentVersion', 'instanceNameFormat', 'groups', 'inputs', 'outputVariables', 'dataSourceBindings',
    'sourceDefinitions', 'demands', 'messages', 'prejobexecution', 'execution', 'postjobexecution', 'restrictions', 'releaseNotes',
    'preview', 'deprecated', 'removalDate', 'deprecationMessage', 'showEnvironmentVariables'
  ],
  input: [
    'name', 'aliases', 'type', 'label', 'defaultValue', 'required', 'options', 'visibleRule', 'groupName', 'properties',
    'helpMarkDown'
  ],
  group: ['name', 'displayName', 'isExpanded', 'visibleRule'],
  properties: [
    'EditableOptions', 'MultiSelect', 'MultiSelectFlatList', 'DisableManageLink', 'IsSearchable', 'PopulateDefaultValue', 'rows',
    'resizable', 'maxLength', 'editorExtension', 'EndpointFilterRule'
  ],
  inputType:
    /^(boolean|filePath|multiLine|pickList|radio|secureFile|string|int|identities|querycontrol|connectedService:[A-Za-z0-9]+)$/,
  categories: ['Build', 'Utility', 'Test', 'Package', 'Deploy', 'Azure Artifacts'],
  visibility: ['Build', 'Release'],
  runsOn: ['Agent', 'MachineGroup', 'Server', 'ServerGate', 'DeploymentGroup']
};

// The others make every run warn that they are deprecated.
const HANDLERS = ['Node20_1', 'Node24'];

/** What is wrong with a task.json; `hasFile` tells whether a file lies beside it. */
function taskProblems(task, hasFile) {
  const problems = [];
  const check = (holds, problem) => holds || problems.push(`task.json: ${problem}`);
  const onlyKnown = (what, object, known) => {
    for (const key of Object.keys(object || {})) check(known.includes(key), `${what} has ${key}, which the schema does not know`);
  };

  onlyKnown('the task', task, SCHEMA.task);
  check(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(task.id), 'id is not a GUID');
  check(/^[A-Za-z0-9-]+$/.test(task.name), 'name holds other characters than letters, digits and hyphens');
  const { friendlyName = '' } = task;
  check(friendlyName.length >= 1 && friendlyName.length <= 40, 'friendlyName does not have 1 to 40 characters');
  for (const key of ['instanceNameFormat', 'description', 'author', 'helpMarkDown']) check(task[key], `${key} is missing`);
  check(SCHEMA.categories.includes(task.category), `the service has no category ${task.category}`);
  for (const [key, known] of [['visibility', SCHEMA.visibility], ['runsOn', SCHEMA.runsOn]]) {
    const places = task[key] || [];
    check(places.length > 0 && places.every((place) => known.includes(place)), `${key} names places that the service does not have`);
  }
  const { Major, Minor, Patch } = task.version || {};
  check([Major, Minor, Patch].every((part) => Number.isInteger(part) && part >= 0), 'version is not three numbers');
  const [major, minor] = (/^(\d+)\.(\d+)(\.\d+)?$/.exec(task.minimumAgentVersion) || []).slice(1).map(Number);
  check(major > 3 || (major === 3 && minor >= 234), 'minimumAgentVersion is below 3.234, where variables keep their case');

  for (const [part, target] of [['execution', 'index.js'], ['postjobexecution', 'post.js']]) {
    const handlers = task[part] || {};
    check(Object.keys(handlers).sort().join() === HANDLERS.join(), `${part} has other handlers than ${HANDLERS.join(' and ')}`);
    for (const handler of Object.values(handlers)) {
      check(handler.target === target, `${part} starts another file than ${target}`);
      check(hasFile(handler.target), `${part} starts ${handler.target}, which is not there`);
    }
  }
  check(!task.prejobexecution, 'nothing runs before the job');
  // The agent stores what is listed there as `<step>.<name>` only, so later steps would miss it.
  check(!(task.outputVariables || []).length, 'outputVariables claims variables');
  check(JSON.stringify(task.restrictions) === '{"commands":{"mode":"restricted"}}', 'restrictions are other than restricted commands');

  const groups = task.groups || [];
  for (const group of groups) {
    onlyKnown(`the group ${group.name}`, group, SCHEMA.group);
    check(group.name && group.displayName, `the group ${group.name} lacks a name to show`);
  }
  const inputs = task.inputs || [];
  for (const input of inputs) {
    const says = (holds, problem) => check(holds, `the input ${input.name} ${problem}`);
    onlyKnown(`the input ${input.name}`, input, SCHEMA.input);
    onlyKnown(`the input ${input.name}`, input.properties, SCHEMA.properties);
    says(/^[A-Za-z][A-Za-z0-9]*$/.test(input.name), 'has a name of other characters than letters and digits');
    says(SCHEMA.inputType.test(input.type), `has the unknown type ${input.type}`);
    says(input.label && input.helpMarkDown && input.helpMarkDown.endsWith('.'), 'lacks a label or a help that ends with a full stop');
    says(typeof input.required === 'boolean', 'does not say whether it is required');
    says(!input.groupName || groups.some((group) => group.name === input.groupName), 'is in a group that is not there');
    says(!input.options || input.defaultValue in input.options, 'has a default that is none of its options');
    for (const [, name, value] of (input.visibleRule || '').matchAll(/(\w+) = (\w+)/g)) {
      const other = inputs.find((candidate) => candidate.name === name);
      says(other && value in (other.options || {}), `shows for ${name} = ${value}, which cannot be chosen`);
    }
  }
  // The agent hands inputs over as INPUT_<NAME> in upper case.
  const names = inputs.flatMap((input) => [input.name, ...(input.aliases || [])]).map((name) => name.toLowerCase());
  for (const name of names) check(names.indexOf(name) === names.lastIndexOf(name), `two inputs are named ${name}`);
  return problems;
}

/** What is wrong with the contributions of an extension that brings the task. */
function contributionProblems(extension, task) {
  const [contribution, ...more] = extension.contributions || [];
  if (!contribution || more.length) return ['the extension does not have exactly one contribution'];
  const problems = [];
  if (contribution.type !== 'ms.vss-distributed-task.task') problems.push(`the contribution has the type ${contribution.type}`);
  if ((contribution.targets || []).join() !== 'ms.vss-distributed-task.tasks') problems.push('the contribution has other targets');
  const { name } = contribution.properties || {};
  if (name !== task.name) problems.push(`the contribution names the folder ${name}, and the task is ${task.name}`);
  return problems;
}

/** The width and height of a PNG, or null. */
function imageSize(bytes) {
  if (bytes.length < 24 || bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return null;
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

module.exports = { contributionProblems, imageSize, taskProblems };
