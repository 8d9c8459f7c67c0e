// The configuration of a stage, checked whole before the framework resolves anything else from it.
const { readFileSync } = require('node:fs');
const { Module } = require('node:module');
const { join } = require('node:path');
const { build } = require('esbuild');
const { parse } = require('yaml');

const root = join(__dirname, '..');

/** What only the stacks read, and cannot do without. */
const forStacks = {
  primary: ['vpc'],
  dr: ['inspectorSubnets', 'inspectorSecurityGroups'],
  schedules: ['capture', 'advance', 'reconcile', 'readiness', 'drill'],
  alarms: ['periodSeconds'],
};

/** The product's own reader of configurations, from its source. In memory: the framework may resolve twice at once. */
async function product() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/config-file.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    write: false,
    logLevel: 'warning',
  });
  const loaded = new Module(join(root, 'config.cjs'));
  loaded.paths = module.paths;
  loaded._compile(outputFiles[0].text, join(root, 'config.cjs'));
  return loaded.exports;
}

async function check(file, raw) {
  const { loadConfig } = await product();
  const problems = [];
  let parsed = {};
  try {
    parsed = loadConfig({}, file);
  } catch (error) {
    problems.push(error.message);
  }
  for (const [section, names] of Object.entries(forStacks)) {
    for (const name of names) {
      if (raw[section]?.[name] === undefined) problems.push(`${section}.${name}: is needed by the stacks`);
    }
  }
  return { problems, parsed };
}

/** The file as it is, but for lists: one name, or names with commas between, are taken for a list everywhere. */
function withLists(raw, parsed) {
  const lists = (section) =>
    Object.entries(parsed[section] ?? {}).filter(([name, value]) => Array.isArray(value) && raw[section]?.[name]);
  const changed = Object.keys(raw).filter((section) => lists(section).length > 0);
  return {
    ...raw,
    ...Object.fromEntries(changed.map((each) => [each, { ...raw[each], ...Object.fromEntries(lists(each)) }])),
  };
}

module.exports = async ({ options, resolveVariable }) => {
  const stage = options.stage ?? (await resolveVariable('sls:stage'));
  const file = join(root, 'config', `${stage}.yml`);
  let raw;
  try {
    raw = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (cause) {
    throw new Error(`cannot read config/${stage}.yml (${cause.message}); config/example.yml is a commented example`);
  }
  const { problems, parsed } = await check(file, raw);
  if (problems.length === 0) return withLists(raw, parsed);
  const all = problems.join('\n  ');
  throw new Error(`config/${stage}.yml cannot be deployed:\n  ${all}\nconfig/example.yml explains each setting.`);
};
