"""How long an application that a route file mounts is in use: it is not ended under the requests and sockets that it answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime.api_route import ApiRoute
from slugline.runtime.websocket import WebSocket

__all__ = ["InUse"]


class InUse:
    """Counts what a route is answering, its middleware included."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def watch(self, endpoint: ApiRoute) -> None:
        """Count what this route answers from now on."""
        run, connect = endpoint.run, endpoint.connect
        if run is not None:

            async def counted_run(request: Request[Any, Any], response: Response[Any]) -> None:
                async with self._counted():
                    await run(request, response)

            endpoint.run = counted_run
        if connect is not None:

            async def counted_connect(request: Request[Any, Any], response: Response[Any], socket: WebSocket) -> None:
                async with self._counted():
                    await connect(request, response, socket)

            endpoint.connect = counted_connect

    async def wait_until_idle(self) -> None:
        """Return when nothing is being answered, or after `release`."""
        await self._idle.wait()

    def release(self) -> None:
        """Have nobody wait any longer: the server stops."""
        self._idle.set()

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self._count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._idle.set()
