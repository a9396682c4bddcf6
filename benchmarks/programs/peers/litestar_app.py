"""The endpoints in Litestar, written as its documentation writes them; msgspec checks the bodies, as it is Litestar's own."""

import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, Parameter
from litestar.response import Stream
from litestar.serialization import encode_json
from programs.peers.etags import make_etag
from programs.peers.orders import Order

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]


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
    file: UploadFile


@get("/api/hello_async")
async def hello_async() -> dict[str, str]:
    """Answer on the event loop."""
    return {"text": "Hello"}


@get("/api/hello_def", sync_to_thread=True)
def hello_def() -> dict[str, str]:
    """Answer on a worker thread."""
    return {"text": "Hello"}


@get("/api/post/{pid:str}")
async def show_post(
    pid: str, page: str, sid: Annotated[str, Parameter(cookie="sid")], trace: Annotated[str, Parameter(header="X-Trace")]
) -> dict[str, str]:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return {"pid": pid, "page": page, "sid": sid, "trace": trace}


@post("/api/order", status_code=200)
async def order(data: Order) -> Order:
    """Answer with the checked order."""
    return data


@post("/api/form", status_code=200)
async def form(data: Annotated[Fields, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> Fields:
    """Answer with the fields."""
    return data


@post("/api/upload", status_code=200)
async def upload(data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)]) -> dict[str, str | int]:
    """Answer with what came; the file lies on disk by then."""
    return {"title": data.title, "name": data.file.filename, "size": data.file.file.seek(0, os.SEEK_END)}


async def make_chunks() -> AsyncIterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


@get("/api/stream")
async def stream() -> Stream:
    """Answer piece by piece."""
    return Stream(make_chunks(), media_type=MediaType.TEXT)


@get("/api/etag")
async def etag(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """Answer with a tag of the body, or with 304 where the client has it; Litestar makes no tags of its own from a body."""
    body = encode_json({"items": ITEMS})
    tag = make_etag(body)
    if request.headers.get("if-none-match") == tag:
        return Response(None, status_code=304, headers={"etag": tag})
    return Response(body, media_type=MediaType.JSON, headers={"etag": tag})


@get("/api/sleep", sync_to_thread=True)
def sleep() -> dict[str, str]:
    """Answer after a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}


app = Litestar(
    [hello_async, hello_def, show_post, order, form, upload, stream, etag, sleep],
    # The largest upload that is measured, and its frame.
    request_max_body_size=129 * 1024 * 1024,
)
