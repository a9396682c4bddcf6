// Reads {now_seconds, keys, jobs: […]} from standard input, has the API resolver and the crypto of Next.js do each job at that time,
// and writes what became of them. A job is one of
//   {do: 'encrypt' | 'decrypt', secret, text}                             gives {text}
//   {do: 'answer', mode, calls: [[name, ...arguments], …], set_cookie}    gives {set_cookie, error}
//   {do: 'read', mode, cookie}                                            gives {draft_mode, preview_data, set_cookie}
require('next/dist/server/node-environment-baseline');
const { IncomingMessage, ServerResponse } = require('node:http');
const { apiResolver } = require('next/dist/server/api-utils/node/api-resolver');
const { encryptWithSecret, decryptWithSecret } = require('next/dist/server/crypto-utils');

async function runHandler({ mode, cookie, keys, set_cookie }, handler) {
  process.env.NODE_ENV = mode;
  const request = new IncomingMessage(null);
  request.headers = cookie === undefined ? {} : { cookie };
  const response = new ServerResponse(request);
  if (set_cookie !== undefined) response.setHeader('Set-Cookie', set_cookie);
  response.end = () => {};
  let failure = null;
  const module = { config: { api: { bodyParser: false, externalResolver: true } }, default: handler };
  const keepError = (error) => { failure = error.message; };
  await apiResolver(request, response, {}, module, keys, false, false, '/api/x', keepError);
  return { set_cookie: response.getHeader('set-cookie') ?? null, error: failure };
}

async function work(job, keys) {
  if (job.do === 'encrypt') return { text: encryptWithSecret(Buffer.from(job.secret), job.text) };
  if (job.do === 'decrypt') return { text: decryptWithSecret(Buffer.from(job.secret), job.text) };
  const given = { keys, ...job };
  if (job.do === 'answer') {
    return runHandler(given, (req, res) => { for (const [name, ...rest] of job.calls) res[name](...rest); });
  }
  let read;
  const outcome = await runHandler(given, (req) => { read = { draft_mode: req.draftMode ?? false, preview_data: req.previewData }; });
  return { ...read, ...outcome };
}

async function main(text) {
  const { now_seconds, keys, jobs } = JSON.parse(text);
  Date.now = () => now_seconds * 1000;
  console.error = () => {}; // Next.js logs what a handler raises
  const answers = [];
  for (const job of jobs) answers.push(await work(job, keys));
  process.stdout.write(JSON.stringify(answers));
}

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', () => main(text));
