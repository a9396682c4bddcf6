"""The endpoints in Flask, all as `def` views. It has no types for bodies: msgspec reads and writes the order."""

import os
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from programs.peers.orders import Order

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]
ORDERS = msgspec.json.Decoder(Order)


class JSONInOrder(DefaultJSONProvider):
    """Flask's own JSON with the keys in their order and without the line end after it, so that the bytes are those of all programs."""

    sort_keys = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Make the response of a value."""
        value = self._prepare_response_obj(args, kwargs)
        return self._app.response_class(self.dumps(value, separators=(",", ":")), mimetype=self.mimetype)


class FlaskInOrder(Flask):
    json_provider_class = JSONInOrder


app = FlaskInOrder(__name__)


# Memory, start and idle connections are measured with the path of the `async def` task.
@app.get("/api/hello_async")
@app.get("/api/hello_def")
def hello() -> dict[str, str]:
    """Answer on a worker thread."""
    return {"text": "Hello"}


@app.get("/api/post/<pid>")
def post(pid: str) -> dict[str, str]:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return {"pid": pid, "page": request.args["page"], "sid": request.cookies["sid"], "trace": request.headers["X-Trace"]}


@app.post("/api/order")
def order() -> Response | tuple[dict[str, str], int]:
    """Answer with the checked order."""
    try:
        value = ORDERS.decode(request.get_data())
    except msgspec.DecodeError as error:
        return {"error": str(error)}, 400
    return Response(msgspec.json.encode(value), mimetype="application/json")


@app.post("/api/form")
def form() -> dict[str, str]:
    """Answer with the fields."""
    return {f"field{number}": request.form[f"field{number}"] for number in range(10)}


@app.post("/api/upload")
def upload() -> dict[str, str | int | None]:
    """Answer with what came; the file lies on disk by then."""
    file = request.files["file"]
    return {"title": request.form["title"], "name": file.filename, "size": file.stream.seek(0, os.SEEK_END)}


def make_chunks() -> Iterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


@app.get("/api/stream")
def stream() -> Response:
    """Answer piece by piece."""
    return Response(make_chunks(), mimetype="text/plain")


@app.get("/api/etag")
def etag() -> Response:
    """Answer with a tag of the body, or with 304 where the client has it."""
    response = app.json.response({"items": ITEMS})
    response.add_etag()
    return response.make_conditional(request)


@app.get("/api/sleep")
def sleep() -> dict[str, str]:
    """Answer after a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}
