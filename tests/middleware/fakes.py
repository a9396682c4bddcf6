"""Small requests and responses: only what a middleware touches."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slugline.callables import set_worker_loop


class FakeHeaders(dict[str, str]):
    """Header fields of a request, names in any case."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in fields.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class FakeRequest:
    def __init__(self, method: str = "GET", headers: Mapping[str, str] | None = None, run_in_thread: Any = None) -> None:
        self.method = method
        self.headers = FakeHeaders(headers or {})
        self._run_in_thread = run_in_thread


class FakeResponse:
    """Keeps what was set, in order, names in lower case."""

    def __init__(self, headers: Mapping[str, Any] | None = None) -> None:
        self.fields: dict[str, Any] = {name.lower(): value for name, value in (headers or {}).items()}
        self.status_code = 200
        self.body = ""
        self.headers_sent = False
        self.ended = False

    def get_header(self, name: str) -> Any:
        return self.fields.get(name.lower())

    def set_header(self, name: str, value: Any) -> "FakeResponse":
        self.fields[name.lower()] = value
        return self

    def write(self, chunk: str) -> None:
        self.headers_sent = True
        self.body += chunk

    def end(self, chunk: str = "") -> None:
        if self.ended:
            raise RuntimeError("answered twice")
        self.write(chunk)
        self.ended = True


class Pool:
    """Worker threads of one event loop, as the runtime has them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int = 2) -> None:
        self.loop = loop
        self.executor = ThreadPoolExecutor(size, "worker", set_worker_loop, (loop,))

    def __call__(self, function: Callable[..., Any], /, *arguments: Any) -> "asyncio.Future[Any]":
        return self.loop.run_in_executor(self.executor, function, *arguments)
