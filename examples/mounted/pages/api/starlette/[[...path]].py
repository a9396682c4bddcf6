from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


async def read_root(request: Request) -> JSONResponse:
    return JSONResponse({"from": "Starlette", "root": request.scope["root_path"]})


async def shout(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text((await socket.receive_text()).upper())
    await socket.close()


app = Starlette(routes=[Route("/", read_root), WebSocketRoute("/shout", shout)])
