// Reads [{options, method, headers, vary}, …] from standard input, asks the npm package `cors`, and writes what became of each response.
const { IncomingMessage, ServerResponse } = require('node:http');
const cors = require('cors');

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  if ('regex' in value) return new RegExp(value.regex);
  if ('error' in value) return (origin, callback) => callback(new Error(value.error));
  return (origin, callback) => callback(null, decode(value.gives));
}

function ask({ options, method, headers, vary }) {
  const request = new IncomingMessage(null);
  request.method = method;
  request.headers = headers;
  const response = new ServerResponse(request);
  if (vary !== null) response.setHeader('Vary', vary);
  const outcome = { status: null, went_on: false, error: null };
  response.end = () => { outcome.status = response.statusCode; };
  cors(decode_all(options))(request, response, (error) => {
    if (error) outcome.error = error.message;
    else outcome.went_on = true;
  });
  return { ...outcome, headers: Object.entries(response.getHeaders()) };
}

const decode_all = (options) => Object.fromEntries(Object.entries(options).map(([name, value]) => [name, decode(value)]));

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', () => { process.stdout.write(JSON.stringify(JSON.parse(text).map(ask))); });
