"""ASGI 3: translate in, ask the App, translate out."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from slugline.errors import ProjectError
from slugline.http.response import Response
from slugline.project.discover import discover
from slugline.runtime.access_log import AccessLog, make_access_log
from slugline.runtime.app import App
from slugline.runtime.asgi_types import Receive, Scope, Send
from slugline.runtime.connect import connect
from slugline.runtime.scope_request import read_scope
from slugline.runtime.settings import Settings
from slugline.runtime.whole_body import ONE_PIECE_BYTES, send_whole

__all__ = ["AsgiAdapter", "create_app"]

logger = logging.getLogger("slugline")


def create_app(directory: str | os.PathLike[str] = ".", settings: Settings | None = None) -> "AsgiAdapter":
    """Load the project in `directory` and give it as an ASGI 3 application, for any server that speaks ASGI.

    Raises ProjectError for the first thing in the project that is wrong.
    """
    return AsgiAdapter(App(discover(directory), settings))


class AsgiAdapter:
    """A project as an ASGI 3 application: `http`, `websocket` and `lifespan`."""

    def __init__(self, app: App, log: AccessLog | None = None) -> None:
        self.app = app
        self._log = log if log is not None else make_access_log(app.settings.access_log)
        self.on_start: Callable[[AsgiAdapter], None] | None = None
        """Called on the loop once the application has started; for what runs the server."""
        self.on_failure: Callable[[ProjectError], None] | None = None
        """Called on the loop when it cannot start, before the server hears of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of the server's."""
        if scope["type"] != "http":
            await self._answer_other(scope, receive, send)
            return
        app = self.app
        request = read_scope(scope, scope["method"], receive, send)
        if app.loop is None:
            app.bind_running_loop()
        started = time.perf_counter() if self._log is not None else 0.0
        response: Response[Any] | None = None
        try:
            response = await app.respond(request)
            final = response._final
            if final is not None:
                status, fields, body = final
                if len(body) <= ONE_PIECE_BYTES:
                    await send({"type": "http.response.start", "status": status, "headers": fields})
                    await send({"type": "http.response.body", "body": body})
                else:
                    await send_whole(app.settings, send, status, fields, body)
            elif response._channel is not None:
                await app.streaming.finish(response)
        finally:
            if request._form is not None or request._disconnection is not None or request._after is not None:
                app.clean_up(request)
            if self._log is not None:
                self._log(request, _status_of(response), started)

    async def _answer_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await connect(self.app, scope, receive, send)
        else:
            raise RuntimeError(f"Slugline answers http, websocket and lifespan, not {scope['type']!r}.")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.app.start()
                except ProjectError as error:
                    # A cause that is explained itself, such as a mistake in a template, has nothing to add.
                    cause = error.__cause__ if not isinstance(error.__cause__, ProjectError) else None
                    if cause is not None or self.on_failure is None:
                        logger.error("%s", error.message, exc_info=cause)
                    if self.on_failure is not None:
                        self.on_failure(error)
                    await send({"type": "lifespan.startup.failed", "message": error.message})
                    return
                if self.on_start is not None:
                    self.on_start(self)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.app.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _status_of(response: Response[Any] | None) -> int:
    """Give the status for the log; 500 for a request that was cut off without a response."""
    if response is None:
        return 500
    return response._status if response._final is None else response._final[0]
