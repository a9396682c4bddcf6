"""The endpoints in Sanic. It checks no bodies without its extension: msgspec reads and writes the order.

Its plain `def` handlers run on the event loop, so that work which blocks is sent to the thread pool of asyncio.
"""

import asyncio
import os
import time

import aiofiles.tempfile
import msgspec
from programs.peers.etags import make_etag
from programs.peers.orders import Order
from sanic import HTTPResponse, Request, Sanic, empty, json, raw
from sanic.exceptions import BadRequest

app = Sanic("benchmark")
# The largest upload that is measured, and its frame.
app.config.REQUEST_MAX_SIZE = 129 * 1024 * 1024
ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]
ORDERS = msgspec.json.Decoder(Order)


@app.get("/api/hello_async")
async def hello_async(request: Request) -> HTTPResponse:
    """Answer on the event loop."""
    return json({"text": "Hello"})


def make_greeting() -> dict[str, str]:
    """Make the answer on a worker thread."""
    return {"text": "Hello"}


@app.get("/api/hello_def")
async def hello_def(request: Request) -> HTTPResponse:
    """Answer from a worker thread."""
    return json(await asyncio.to_thread(make_greeting))


@app.get("/api/post/<pid>")
async def post(request: Request, pid: str) -> HTTPResponse:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return json({"pid": pid, "page": request.args.get("page"), "sid": request.cookies.get("sid"), "trace": request.headers["x-trace"]})


@app.post("/api/order")
async def order(request: Request) -> HTTPResponse:
    """Answer with the checked order."""
    try:
        value = ORDERS.decode(request.body)
    except msgspec.DecodeError as error:
        raise BadRequest(str(error)) from error
    return json(value, dumps=msgspec.json.encode)


@app.post("/api/form")
async def form(request: Request) -> HTTPResponse:
    """Answer with the fields."""
    return json({f"field{number}": request.form.get(f"field{number}") for number in range(10)})


@app.post("/api/upload")
async def upload(request: Request) -> HTTPResponse:
    """Write the file to disk, and answer with what came; Sanic holds the whole form in memory before that."""
    part = request.files.get("file")
    async with aiofiles.tempfile.TemporaryFile() as file:
        await file.write(part.body)
        size = await file.seek(0, os.SEEK_END)
    return json({"title": request.form.get("title"), "name": part.name, "size": size})


@app.get("/api/stream")
async def stream(request: Request) -> None:
    """Answer piece by piece."""
    response = await request.respond(content_type="text/plain")
    for number in range(10_000):
        await response.send(b"chunk %05d\n" % number)


@app.get("/api/etag")
async def etag(request: Request) -> HTTPResponse:
    """Answer with a tag of the body, or with 304 where the client has it; Sanic makes no tags of its own from a body."""
    response = json({"items": ITEMS})
    tag = make_etag(response.body)
    if request.headers.get("if-none-match") == tag:
        return empty(304, headers={"etag": tag})
    return raw(response.body, content_type="application/json", headers={"etag": tag})


def sleep_and_greet() -> dict[str, str]:
    """Sleep for a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}


@app.get("/api/sleep")
async def sleep(request: Request) -> HTTPResponse:
    """Answer from a worker thread."""
    return json(await asyncio.to_thread(sleep_and_greet))
