// Reads [{files, real, command}, …] from standard input, writes each into the empty folder that it is given, asks the npm package `@next/env`, and
// prints what the files gave.
const fs = require('node:fs');
const path = require('node:path');

const entry = require.resolve('@next/env');
const folder = process.argv[2];

function setProcessEnvironment(variables) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, variables);
}

function ask({ files, real, command }) {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  setProcessEnvironment(real);
  // The package remembers the environment of its first call.
  delete require.cache[entry];
  const { loadEnvConfig } = require(entry);
  const errors = [];
  const log = { info() {}, error: (...parts) => errors.push(parts.map(String).join(' ')) };
  const { parsedEnv, loadedEnvFiles } = loadEnvConfig(folder, command === 'dev', log);
  for (const name of Object.keys(files)) fs.unlinkSync(path.join(folder, name));
  return { values: parsedEnv ?? {}, files: loadedEnvFiles.map((file) => file.path), errors };
}

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', () => { process.stdout.write(JSON.stringify(JSON.parse(text).map(ask))); });
