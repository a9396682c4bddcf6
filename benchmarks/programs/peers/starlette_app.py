"""The endpoints in Starlette. It has no types for bodies: msgspec reads and writes the order."""

import time
from collections.abc import AsyncIterator

import msgspec
from programs.peers.etags import make_etag
from programs.peers.orders import Order
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]
ORDERS = msgspec.json.Decoder(Order)


async def hello_async(request: Request) -> Response:
    """Answer on the event loop."""
    return JSONResponse({"text": "Hello"})


def hello_def(request: Request) -> Response:
    """Answer on a worker thread."""
    return JSONResponse({"text": "Hello"})


async def post(request: Request) -> Response:
    """Answer with a path parameter, a query parameter, a cookie and a header."""
    return JSONResponse(
        {
            "pid": request.path_params["pid"],
            "page": request.query_params["page"],
            "sid": request.cookies["sid"],
            "trace": request.headers["x-trace"],
        }
    )


async def order(request: Request) -> Response:
    """Answer with the checked order."""
    try:
        value = ORDERS.decode(await request.body())
    except msgspec.DecodeError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    return Response(msgspec.json.encode(value), media_type="application/json")


async def form(request: Request) -> Response:
    """Answer with the fields."""
    async with request.form() as fields:
        return JSONResponse({f"field{number}": fields[f"field{number}"] for number in range(10)})


async def upload(request: Request) -> Response:
    """Answer with what came; the file lies on disk by then."""
    async with request.form() as fields:
        file = fields["file"]
        return JSONResponse({"title": fields["title"], "name": file.filename, "size": file.size})


async def make_chunks() -> AsyncIterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


async def stream(request: Request) -> Response:
    """Answer piece by piece."""
    return StreamingResponse(make_chunks(), media_type="text/plain")


async def etag(request: Request) -> Response:
    """Answer with a tag of the body, or with 304 where the client has it."""
    response = JSONResponse({"items": ITEMS})
    tag = make_etag(response.body)
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    response.headers["etag"] = tag
    return response


def sleep(request: Request) -> Response:
    """Answer after a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return JSONResponse({"text": "Hello"})


app = Starlette(
    routes=[
        Route("/api/hello_async", hello_async),
        Route("/api/hello_def", hello_def),
        Route("/api/post/{pid}", post),
        Route("/api/order", order, methods=["POST"]),
        Route("/api/form", form, methods=["POST"]),
        Route("/api/upload", upload, methods=["POST"]),
        Route("/api/stream", stream),
        Route("/api/etag", etag),
        Route("/api/sleep", sleep),
    ]
)
