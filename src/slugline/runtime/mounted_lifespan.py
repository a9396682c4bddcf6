"""Start and stop an ASGI application: the server's side of the lifespan protocol."""

import asyncio
import logging
from typing import Any

from slugline.errors import RouteModuleError
from slugline.runtime.asgi_types import AsgiApp, Message

__all__ = ["MountedLifespan"]


class MountedLifespan:
    """Runs one application's lifespan; what it puts into `state` belongs into the scope of its requests.

    An application that knows no lifespan raises or returns when it is asked for one, and is left in peace, as the specification wants.
    """

    def __init__(self, app: AsgiApp, logger: logging.Logger, *, name: str = "The mounted application", file: str = "") -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._logger = logger
        self._name = f"`app` in {file}" if file else name
        self._files = [file] if file else []
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Wait until the application is ready; raises RouteModuleError when it says that it cannot start."""
        # One task from startup to shutdown: what an application enters in a task (an anyio task group) it must leave in the same.
        self._events, self._answers = asyncio.Queue(), asyncio.Queue()  # new ones: an application may be started again, on another loop
        self._task = asyncio.create_task(self._run(), name="mounted lifespan")
        answer = await self._ask("startup")
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            cause = await self._wait_for_end()
            said = answer.get("message") or "nothing"
            raise RouteModuleError(f"{self._name} could not start. It said: {said}", files=self._files) from cause

    async def shutdown(self) -> None:
        """Wait until the application has cleaned up; a failure is logged."""
        answer = await self._ask("shutdown")
        if answer is not None and answer["type"] == "lifespan.shutdown.failed":
            self._logger.error("%s failed to shut down: %s", self._name, answer.get("message") or "no reason given")
        await self._wait_for_end()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._events.get, self._answers.put)
        except (SystemExit, KeyboardInterrupt) as error:  # in a task of its own, these would end the loop
            raise RuntimeError(f"The application wanted to end the process: {error!r}") from error

    async def _ask(self, phase: str) -> Message | None:
        """Send the event and wait for the answer; None when the application ends without one."""
        if self._task is None or self._task.done():
            return None
        self._events.put_nowait({"type": f"lifespan.{phase}"})
        answer = asyncio.create_task(self._answers.get())
        await asyncio.wait({self._task, answer}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        if not self._answers.empty():
            return self._answers.get_nowait()
        self._log_unsupported(self._task)
        return None

    def _log_unsupported(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # Most often an application that asserts `scope["type"] == "http"`; told, because it may also be a bug in its start-up.
            self._logger.info("%s runs without lifespan: it raised %r.", self._name, error)

    async def _wait_for_end(self) -> BaseException | None:
        """Let the task end and give the error that ended it, which goes with an answer of failure."""
        task, self._task = self._task, None
        if task is None:
            return None
        await asyncio.wait({task})
        return None if task.cancelled() else task.exception()
