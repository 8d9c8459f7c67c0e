// The configuration of a stage, checked whole before the framework resolves anything else from it.
const { readFileSync } = require('node:fs');
const { Module } = require('node:module');
const { join } = require('node:path');
const { build } = require('esbuild');
const { parse } = require('yaml');

const root = join(__dirname, '..');

/** The product's own reader of configurations, from its source. In memory: the framework may resolve twice at once. */
let loading;
const product = () => {
  loading ??= loadProduct();
  return loading;
};

async function loadProduct() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: "export * from './src/config.ts'; export * from './src/config-file.ts';", resolveDir: root },
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

/** Every reason not to deploy, what was read, and what the functions get of it. */
async function check(file, raw) {
  const { everySetting, functionSettings, loadConfig } = await product();
  const problems = [];
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {
      problems.push(error.message);
    }
  };
  const parsed = attempt(() => loadConfig({}, file));
  for (const { path, about } of everySetting()) {
    const [section, name] = path;
    if (!about.neededByStacks || raw[section]?.[name] !== undefined) continue;
    problems.push(`${path.join('.')}: is needed by the stacks`);
  }
  const settings = parsed && attempt(() => functionSettings(file));
  return { problems, parsed, settings };
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

/** A stage's file, checked whole. */
async function read({ options, resolveVariable }) {
  const stage = options.stage ?? (await resolveVariable('sls:stage'));
  const file = join(root, 'config', `${stage}.yml`);
  let raw;
  try {
    raw = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (cause) {
    throw new Error(`cannot read config/${stage}.yml (${cause.message}); config/example.yml is a commented example`);
  }
  const { problems, parsed, settings } = await check(file, raw);
  // What a file before this version does not say of its schedules has a default.
  const schedules = parsed?.schedules;
  if (problems.length === 0) return { config: { ...withLists(raw, parsed), schedules }, parsed, settings };
  const all = problems.join('\n  ');
  throw new Error(`config/${stage}.yml cannot be deployed:\n  ${all}\nconfig/example.yml explains each setting.`);
}

module.exports = async (given) => (await read(given)).config;

/** With every default. */
module.exports.parsed = async (given) => (await read(given)).parsed;

/** The JSON that every function gets. */
module.exports.functionSettings = async (given) => (await read(given)).settings;
