import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

gates: dict[str, asyncio.Event] = {}


async def answer(request: Request) -> Response:
    gate = gates.setdefault(request.query_params["gate"], asyncio.Event())
    if request.method == "POST":
        gate.set()
        return Response()

    async def events():
        yield "data: first\n\n"
        await gate.wait()
        yield "data: second\n\n"

    # As most do: nothing forbids Next.js to compress it, and so to hold it back.
    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


app = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])
