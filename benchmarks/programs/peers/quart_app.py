"""The endpoints in Quart, with `def` views on worker threads. It has no types for bodies: msgspec reads and writes the order."""

import os
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from programs.peers.orders import Order
from quart import Quart, Response, request
from quart.json.provider import DefaultJSONProvider

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]
ORDERS = msgspec.json.Decoder(Order)


class JSONInOrder(DefaultJSONProvider):
    """Quart's own JSON with the keys in their order and without the line end after it, so that the bytes are those of all programs."""

    sort_keys = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Make the response of a value."""
        value = self._prepare_response_obj(args, kwargs)
        return self._app.response_class(self.dumps(value, separators=(",", ":")), mimetype=self.mimetype)


class QuartInOrder(Quart):
    json_provider_class = JSONInOrder


app = QuartInOrder(__name__)
# The largest upload that is measured, and its frame.
app.config["MAX_CONTENT_LENGTH"] = 129 * 1024 * 1024


@app.get("/api/hello_async")
async def hello_async() -> dict[str, str]:
    """Answer on the event loop."""
    return {"text": "Hello"}


@app.get("/api/hello_def")
def hello_def() -> dict[str, str]:
    """Answer on a worker thread."""
    return {"text": "Hello"}


@app.get("/api/post/<pid>")
async def post(pid: str) -> dict[str, str]:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return {"pid": pid, "page": request.args["page"], "sid": request.cookies["sid"], "trace": request.headers["X-Trace"]}


@app.post("/api/order")
async def order() -> Response | tuple[dict[str, str], int]:
    """Answer with the checked order."""
    try:
        value = ORDERS.decode(await request.get_data())
    except msgspec.DecodeError as error:
        return {"error": str(error)}, 400
    return Response(msgspec.json.encode(value), mimetype="application/json")


@app.post("/api/form")
async def form() -> dict[str, str]:
    """Answer with the fields."""
    fields = await request.form
    return {f"field{number}": fields[f"field{number}"] for number in range(10)}


@app.post("/api/upload")
async def upload() -> dict[str, str | int | None]:
    """Answer with what came; the file lies on disk by then."""
    fields, files = await request.form, await request.files
    file = files["file"]
    return {"title": fields["title"], "name": file.filename, "size": file.stream.seek(0, os.SEEK_END)}


async def make_chunks() -> AsyncIterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


@app.get("/api/stream")
async def stream() -> Response:
    """Answer piece by piece."""
    return Response(make_chunks(), mimetype="text/plain")


@app.get("/api/etag")
async def etag() -> Response:
    """Answer with a tag of the body, or with 304 where the client has it."""
    response = app.json.response({"items": ITEMS})
    await response.add_etag()
    return await response.make_conditional(request)


@app.get("/api/sleep")
def sleep() -> dict[str, str]:
    """Answer after a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}
