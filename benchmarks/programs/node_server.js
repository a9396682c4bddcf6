// The bare `http` server of Node.js: what a request costs there before any framework.
// node node_server.js PORT

const crypto = require("node:crypto");
const http = require("node:http");

const ITEMS = Array.from({ length: 75 }, (_, id) => ({ id, name: `item ${id}` }));
const STREAM_LENGTH = 10_000;

const routes = {
  "GET /api/hello_async": (request, response) => sendJson(response, { text: "Hello" }),
  "POST /api/order": answerOrder,
  "POST /api/form": answerForm,
  "GET /api/stream": answerStream,
  "GET /api/etag": answerWithTag,
};

const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const answer = routes[`${request.method} ${url.pathname}`];
  const post = /^\/api\/post\/([^/]+)$/.exec(url.pathname);
  if (answer) answer(request, response);
  else if (post && request.method === "GET") answerPost(request, response, decodeURIComponent(post[1]), url.searchParams);
  else response.writeHead(404).end();
});

function sendJson(response, value, status = 200) {
  const body = JSON.stringify(value);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function answerPost(request, response, pid, query) {
  sendJson(response, { pid, page: query.get("page"), sid: readCookie(request, "sid"), trace: request.headers["x-trace"] });
}

function readCookie(request, name) {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim().split("="));
  return pairs.find(([key]) => key === name)?.[1];
}

async function readBody(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function answerOrder(request, response) {
  try {
    sendJson(response, checkOrder(JSON.parse(await readBody(request))));
  } catch (error) {
    sendJson(response, { error: error.message }, 400);
  }
}

// Node.js has no types for bodies: every field is looked at by hand.
function checkOrder({ id, customer, items, note, paid, created }) {
  check(Number.isInteger(id), "id");
  check(typeof customer?.name === "string", "customer.name");
  check(typeof customer.email === "string", "customer.email");
  check(Array.isArray(items), "items");
  check(typeof note === "string", "note");
  check(typeof paid === "boolean", "paid");
  check(typeof created === "string", "created");
  return { id, customer: { name: customer.name, email: customer.email }, items: items.map(checkItem), note, paid, created };
}

function checkItem({ sku, quantity, price }, index) {
  check(typeof sku === "string", `items[${index}].sku`);
  check(Number.isInteger(quantity) && quantity >= 1, `items[${index}].quantity`);
  check(typeof price === "number", `items[${index}].price`);
  return { sku, quantity, price };
}

function check(holds, name) {
  if (!holds) throw new TypeError(`${name} is wrong`);
}

async function answerForm(request, response) {
  sendJson(response, Object.fromEntries(new URLSearchParams(await readBody(request))));
}

async function answerStream(request, response) {
  response.writeHead(200, { "Content-Type": "text/plain" });
  for (let number = 0; number < STREAM_LENGTH; number += 1) {
    // A reader that is slower than the writer has to be waited for.
    if (!response.write(`chunk ${String(number).padStart(5, "0")}\n`)) {
      await new Promise((resolve) => response.once("drain", resolve));
    }
  }
  response.end();
}

function answerWithTag(request, response) {
  const body = JSON.stringify({ items: ITEMS });
  const tag = `"${crypto.createHash("md5").update(body).digest("hex")}"`;
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304, { ETag: tag }).end();
    return;
  }
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ETag: tag });
  response.end(body);
}

server.listen(Number(process.argv[2]), "127.0.0.1");
