"""The same three endpoints in FastAPI, written as its tutorial writes them."""

from typing import Annotated

from fastapi import Cookie, FastAPI

app = FastAPI()


@app.get("/api/hello_async")
async def hello_async() -> dict[str, str]:
    """Answer on the event loop."""
    return {"text": "Hello"}


@app.get("/api/hello_def")
def hello_def() -> dict[str, str]:
    """Answer on a worker thread."""
    return {"text": "Hello"}


@app.get("/api/post/{pid}")
async def post(pid: str, page: str, sid: Annotated[str, Cookie()]) -> dict[str, str]:
    """Answer with a path parameter, a query parameter and a cookie."""
    return {"pid": pid, "page": page, "sid": sid}
