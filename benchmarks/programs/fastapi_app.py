"""The endpoints in FastAPI, written as its documentation writes them."""

import hashlib
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Cookie, FastAPI, File, Form, Header, Request, Response, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

app = FastAPI()
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


class Fields(BaseModel):
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


@app.get("/api/hello_async")
async def hello_async() -> dict[str, str]:
    """Answer on the event loop."""
    return {"text": "Hello"}


@app.get("/api/hello_def")
def hello_def() -> dict[str, str]:
    """Answer on a worker thread."""
    return {"text": "Hello"}


@app.get("/api/post/{pid}")
async def post(pid: str, page: str, sid: Annotated[str, Cookie()], x_trace: Annotated[str, Header()]) -> dict[str, str]:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return {"pid": pid, "page": page, "sid": sid, "trace": x_trace}


@app.post("/api/order")
async def order(value: Order) -> Order:
    """Answer with the checked order."""
    return value


@app.post("/api/form")
async def form(fields: Annotated[Fields, Form()]) -> Fields:
    """Answer with the fields."""
    return fields


@app.post("/api/upload")
async def upload(title: Annotated[str, Form()], file: Annotated[UploadFile, File()]) -> dict[str, str | int | None]:
    """Answer with what came; the file lies on disk by then."""
    return {"title": title, "name": file.filename, "size": file.size}


async def make_chunks() -> AsyncIterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


@app.get("/api/stream")
async def stream() -> StreamingResponse:
    """Answer piece by piece."""
    return StreamingResponse(make_chunks(), media_type="text/plain")


@app.get("/api/etag")
async def etag(request: Request) -> Response:
    """Answer with a tag of the body, or with 304 where the client has it; FastAPI has nothing of its own for that."""
    response = JSONResponse({"items": ITEMS})
    tag = f'"{hashlib.md5(response.body, usedforsecurity=False).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    response.headers["etag"] = tag
    return response


@app.get("/api/sleep")
def sleep() -> dict[str, str]:
    """Answer after a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}
