"""The `def` endpoints in Falcon's WSGI flavour, which its documentation runs on Gunicorn."""

import time

import falcon
import falcon.media
import msgspec


class Hello:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer on a worker thread."""
        resp.media = {"text": "Hello"}


class Sleep:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer after a tenth of a second on a worker thread."""
        time.sleep(0.1)
        resp.media = {"text": "Hello"}


app = falcon.App()
app.resp_options.media_handlers[falcon.MEDIA_JSON] = falcon.media.JSONHandler(dumps=msgspec.json.encode, loads=msgspec.json.decode)
app.add_route("/api/hello_def", Hello())
app.add_route("/api/sleep", Sleep())
