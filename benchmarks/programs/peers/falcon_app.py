"""The endpoints in Falcon's ASGI flavour, with msgspec for JSON as Falcon's recipes advise.

Plain functions run on worker threads through `sync_to_async`; falcon_wsgi_app.py has the `def` responders of Falcon's WSGI flavour.
"""

import os
import time
from collections.abc import AsyncIterator

import aiofiles.tempfile
import falcon
import falcon.asgi
import falcon.media
import msgspec
from programs.peers.etags import make_etag
from programs.peers.orders import Order

ITEMS = [{"id": number, "name": f"item {number}"} for number in range(75)]


class HelloAsync:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer on the event loop."""
        resp.media = {"text": "Hello"}


def make_greeting() -> dict[str, str]:
    """Make the answer on a worker thread."""
    return {"text": "Hello"}


class HelloDef:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer from a worker thread."""
        resp.media = await falcon.sync_to_async(make_greeting)


class Post:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, pid: str) -> None:
        """Answer with a path parameter, a query parameter, a cookie and a header."""
        resp.media = {
            "pid": pid,
            "page": req.get_param("page", required=True),
            "sid": req.get_cookie_values("sid")[0],
            "trace": req.get_header("X-Trace", required=True),
        }


class PostOrder:
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with the checked order."""
        try:
            resp.media = msgspec.convert(await req.get_media(), Order)
        except msgspec.ValidationError as error:
            raise falcon.HTTPUnprocessableEntity(description=str(error)) from error


class Form:
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with the fields."""
        fields = await req.get_media()
        resp.media = {f"field{number}": fields[f"field{number}"] for number in range(10)}


class Upload:
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Write the file to disk as it comes, and answer with what came."""
        title = name = None
        size = 0
        async for part in await req.get_media():
            if part.name == "title":
                title = await part.get_text()
            elif part.name == "file":
                name = part.filename
                async with aiofiles.tempfile.TemporaryFile() as file:
                    await part.stream.pipe(file)
                    size = await file.seek(0, os.SEEK_END)
        resp.media = {"title": title, "name": name, "size": size}


async def make_chunks() -> AsyncIterator[bytes]:
    """Make the body of the stream."""
    for number in range(10_000):
        yield b"chunk %05d\n" % number


class Stream:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer piece by piece."""
        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = make_chunks()


class ETag:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with a tag of the body, or with 304 where the client has it; Falcon leaves making tags to its user."""
        resp.media = {"items": ITEMS}
        resp.etag = tag = make_etag(await resp.render_body())
        if req.if_none_match and tag.strip('"') in req.if_none_match:
            resp.media = None
            resp.status = falcon.HTTP_304


def sleep_and_greet() -> dict[str, str]:
    """Sleep for a tenth of a second on a worker thread."""
    time.sleep(0.1)
    return {"text": "Hello"}


class Sleep:
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer from a worker thread."""
        resp.media = await falcon.sync_to_async(sleep_and_greet)


app = falcon.asgi.App()
json_handler = falcon.media.JSONHandler(dumps=msgspec.json.encode, loads=msgspec.json.decode)
app.req_options.media_handlers[falcon.MEDIA_JSON] = json_handler
app.resp_options.media_handlers[falcon.MEDIA_JSON] = json_handler
app.req_options.media_handlers[falcon.MEDIA_MULTIPART] = falcon.media.MultipartFormHandler()
app.add_route("/api/hello_async", HelloAsync())
app.add_route("/api/hello_def", HelloDef())
app.add_route("/api/post/{pid}", Post())
app.add_route("/api/order", PostOrder())
app.add_route("/api/form", Form())
app.add_route("/api/upload", Upload())
app.add_route("/api/stream", Stream())
app.add_route("/api/etag", ETag())
app.add_route("/api/sleep", Sleep())
