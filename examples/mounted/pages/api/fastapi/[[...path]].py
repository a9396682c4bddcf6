from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
async def read_root() -> dict[str, str]:
    return {"from": "FastAPI"}


@app.get("/items/{item_id}", name="item")
async def read_item(item_id: int, request: Request, detail: bool = False) -> dict[str, object]:
    return {"item": item_id, "detail": detail, "url": request.url_for("item", item_id=item_id).path}
