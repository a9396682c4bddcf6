from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

STARTED = []


@asynccontextmanager
async def lifespan(app):
    STARTED.append("started")
    yield {"pool": "from the lifespan"}


async def read_root(request):
    return JSONResponse({"app": "starlette", "root_path": request.scope["root_path"], "started": STARTED, "pool": request.state.pool})


async def item(request):
    item_id = int(request.path_params["item_id"])
    url = request.url_for("item", item_id=item_id).path
    return JSONResponse({"item": item_id, "q": request.query_params.get("q", ""), "url": url})


async def create(request):
    return JSONResponse({"created": await request.json()})


async def talk(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"{websocket.url.path}: {text}")


app = Starlette(
    routes=[
        Route("/", read_root),
        Route("/items/{item_id}", item, name="item"),
        Route("/items", create, methods=["POST"]),
        WebSocketRoute("/talk", talk),
    ],
    lifespan=lifespan,
)
