// Reads [[pattern, [path, …]], …] from standard input, asks the npm package `path-to-regexp`, and writes for each pattern the params of each path.
const { match } = require('path-to-regexp');

function ask([pattern, paths]) {
  let find;
  try {
    find = match(pattern, { delimiter: '/', sensitive: true, strict: false });
  } catch (error) {
    return { error: error.message };
  }
  return { params: paths.map((path) => { const found = find(path); return found ? { ...found.params } : null; }) };
}

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', () => { process.stdout.write(JSON.stringify(JSON.parse(text).map(ask))); });
