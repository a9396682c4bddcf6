"""The endpoints in BlackSheep, written as its documentation writes them, with pydantic models as its project template has them.

Its plain `def` handlers run on the event loop. For work that blocks, its documentation sends to the thread pool of asyncio.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from blacksheep import (
    Application,
    Content,
    FileBuffer,
    FromCookie,
    FromForm,
    FromHeader,
    FromJSON,
    Request,
    Response,
    StreamedContent,
    get,
    json,
    post,
)
from programs.peers.etags import make_etag
from pydantic import BaseModel, Field

app = Application()
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


@dataclass
class Fields:
    field0: str
    field1: str
    field2: str
    field3: str
    field4: str
    field5: str
    field6: str
    field7: str
    field8: str
    field9: str


@dataclass
class Upload:
    title: str
    file: FileBuffer


class FromSid(FromCookie[str]):
    name = "sid"


class FromTrace(FromHeader[str]):
    name = "X-Trace"


@get("/api/hello_async")
async def hello_async() -> Response:
    """Answer on the event loop."""
    return json({"text": "Hello"})


def make_greeting() -> dict[str, str]:
    """Make the answer on a worker thread."""
    return {"text": "Hello"}


@get("/api/hello_def")
async def hello_def() -> Response:
    """Answer from a worker thread."""
    return json(await asyncio.to_thread(make_greeting))


@get("/api/post/{pid}")
async def show_post(pid: str, page: str, sid: FromSid, trace: FromTrace) -> Response:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return json({"pid": pid, "page": page, "sid": sid.value, "trace": trace.value})


@post("/api/order")
async def order(data: FromJSON[Order]) -> Order:
    """Answer with the checked order."""
    return data.value


@post("/api/form")
async def form(data: FromForm[Fields]) -> Fields:
    """Answer with the fields."""
    return data.value


@post("/api/upload")
async def upload(data: FromForm[Upload]) -> Response:
    """Answer with what came; the file lies on disk by then."""
    file = data.value.file
    return json({"title": data.value.title, "name": file.file_name, "size": file.size})


async def make_chunks() -> AsyncIterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


@get("/api/stream")
async def stream() -> Response:
    """Answer piece by piece."""
    return Response(200, content=StreamedContent(b"text/plain", make_chunks))


@get("/api/etag")
async def etag(request: Request) -> Response:
    """Answer with a tag of the body, or with 304 where the client has it; BlackSheep makes tags of files alone."""
    response = json({"items": ITEMS})
    content = response.content
    assert isinstance(content, Content)
    tag = make_etag(content.body).encode()
    if request.if_none_match == tag:
        return Response(304, [(b"ETag", tag)])
    response.add_header(b"ETag", tag)
    return response


def sleep_and_greet() -> dict[str, str]:
    """Sleep for a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}


@get("/api/sleep")
async def sleep() -> Response:
    """Answer from a worker thread."""
    return json(await asyncio.to_thread(sleep_and_greet))
