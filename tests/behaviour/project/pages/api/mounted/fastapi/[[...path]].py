from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

STARTED = []


@asynccontextmanager
async def lifespan(app):
    STARTED.append("started")
    yield {"pool": "from the lifespan"}


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def read_root(request: Request):
    return {"app": "fastapi", "root_path": request.scope["root_path"], "started": STARTED, "pool": request.state.pool}


@app.get("/items/{item_id}", name="item")
async def read_item(request: Request, item_id: int, q: str = ""):
    return {"item": item_id, "q": q, "url": str(request.url_for("item", item_id=item_id).path)}


@app.post("/items")
def create(item: dict):
    return {"created": item}
