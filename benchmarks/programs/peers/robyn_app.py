"""The endpoints in Robyn, written as its documentation writes them, with a pydantic model for the order. The first argument is the port."""

import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import parse_qsl

from programs.peers.etags import make_etag
from pydantic import BaseModel, Field
from robyn import Headers, Request, Response, Robyn, StreamingResponse, jsonify

app = Robyn(__file__)
ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]


class Customer(BaseModel):
    name: str
    email: str


class Item(BaseModel):
    sku: str
    quantity: Annotated[int, Field(ge=1)]
    price: float


class Order(BaseModel):
    id: int
    customer: Customer
    items: list[Item]
    note: str
    paid: bool
    created: str


@app.get("/api/hello_async")
async def hello_async() -> dict[str, str]:
    """Answer on the event loop."""
    return {"text": "Hello"}


@app.get("/api/hello_def")
def hello_def() -> dict[str, str]:
    """Answer on a worker thread."""
    return {"text": "Hello"}


@app.get("/api/post/:pid")
async def post(request: Request) -> dict[str, str | None]:
    """Answer with a path parameter, a query parameter, a cookie and a header; Robyn gives the cookies of a request as their header."""
    cookies = dict(pair.strip().split("=", 1) for pair in (request.headers.get("cookie") or "").split(";"))
    return {
        "pid": request.path_params["pid"],
        "page": request.query_params.get("page", None),
        "sid": cookies["sid"],
        "trace": request.headers.get("x-trace"),
    }


@app.post("/api/order")
async def order(value: Order) -> Order:
    """Answer with the checked order."""
    return value


@app.post("/api/form")
async def form(request: Request) -> dict[str, str]:
    """Answer with the fields; Robyn parses multipart forms alone."""
    fields = dict(parse_qsl(request.body))
    return {f"field{number}": fields[f"field{number}"] for number in range(10)}


@app.post("/api/upload")
def upload(request: Request) -> dict[str, str | int]:
    """Write the file to disk, and answer with what came; Robyn holds the whole form in memory before that."""
    name, content = next(iter(request.files.items()))
    with tempfile.TemporaryFile() as file:
        size = file.write(content)
    return {"title": request.form_data["title"], "name": name, "size": size}


def make_chunks() -> Iterator[str]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield f"chunk {number:05}\n"


@app.get("/api/stream")
def stream() -> StreamingResponse:
    """Answer piece by piece."""
    return StreamingResponse(make_chunks(), headers=Headers({"Content-Type": "text/plain"}), media_type="text/plain")


@app.get("/api/etag")
async def etag(request: Request) -> Response:
    """Answer with a tag of the body, or with 304 where the client has it; Robyn makes no tags of its own from a body."""
    body = jsonify({"items": ITEMS})
    tag = make_etag(body.encode())
    if request.headers.get("if-none-match") == tag:
        return Response(304, {"ETag": tag}, body="")
    return Response(200, {"Content-Type": "application/json", "ETag": tag}, body=body)


@app.get("/api/sleep")
def sleep() -> dict[str, str]:
    """Answer after a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}


if __name__ == "__main__":
    app.start(host="127.0.0.1", port=int(sys.argv[1]))
