"""Pages in Redis, shared by the workers of several machines. Needs the package `redis` (`pip install "slugline[redis]"`).

What is promised. A page is replaced, and the other workers told, in one transaction. They learn of it from a stream that a thread of
each worker waits at: within milliseconds as a rule, not before their very next answer as on one machine. While Redis cannot be
reached, each worker serves what it has and makes the rest itself; when it is back, copies in memory are forgotten.
"""

import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

from slugline.errors import ConfigError
from slugline.pages.entry import Entry, decode_entry, encode_entry
from slugline.pages.store import ALL_PATHS, Claim, UnsharedClaim, Warnings

__all__ = ["RedisStore"]

# An answer takes a millisecond. Whoever waits for it holds up a page.
TIMEOUT_SECONDS = 2.0
# For that long after a failure nothing is read, and twice as long as it took to fail, so that requests do not queue up behind a server
# that does not answer.
AWAY_SECONDS = 1.0
# A connection that is dead without a word is found out that much later, and TIMEOUT_SECONDS.
WAIT_SECONDS = 1.0
KEPT_CHANGES = 10_000
# Pages of builds that nobody serves any more go away by themselves. One that is served is made anew.
KEEP_SECONDS = 30 * 24 * 3600
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisStore:
    """Keeps pages under keys that begin with "slugline:", then `name`, which parts sites and builds. A PageStore.

    Connects when it is first asked. Raises ConfigError without the package `redis`, and for a URL that is none.
    """

    def __init__(self, url: str, name: str) -> None:
        self._redis = _import_redis()
        self._prefix = f"slugline:{name}:".encode()
        self._url = url
        self._client = self._connect(TIMEOUT_SECONDS)
        self._token = secrets.token_hex(6)
        self._warnings = Warnings()
        self._away_until = 0.0
        self._is_silent = False
        """Whether the last failure was that no answer came."""

    def read(self, path: str) -> Entry | None:
        """Give the page, None where there is none, or none that can be read; then with a warning."""
        data = self._try(lambda: self._client.get(self._page_key(path)))
        if data is None:
            return None
        try:
            return decode_entry(path, data)
        except ValueError as error:
            self._warnings.warn(f"The page {path} in Redis is not used and made anew: {error}.")
            return None

    def write(self, path: str, entry: Entry) -> bool:
        """Keep a page in place of the one before, and tell whether it was done; where it cannot be, a warning says why."""
        data = encode_entry(path, entry)
        return self._change(path, lambda pipeline: pipeline.set(self._page_key(path), data, ex=KEEP_SECONDS))

    def delete(self, path: str) -> None:
        """Forget a page."""
        self._change(path, lambda pipeline: pipeline.delete(self._page_key(path)))

    def claim(self, path: str, seconds: float) -> Claim | None:
        """Ask for the right to make a page: None while somebody else has it. While Redis is away, everybody may."""
        key, token = self._key("claim", path), secrets.token_hex(12).encode()
        taken = self._try(lambda: bool(self._client.set(key, token, nx=True, px=max(1, int(seconds * 1000)))))
        if taken is None:
            return UnsharedClaim()
        return _RedisClaim(self._try, self._client, key, token) if taken else None

    def changes(self) -> "_RedisChanges":
        """Give a reader of what others write from now on, and start its thread."""
        return _RedisChanges(self._connect(WAIT_SECONDS + TIMEOUT_SECONDS), self._key("changes"), self._writer, self._errors, self._warn)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _connect(self, timeout_seconds: float) -> Any:
        # Once more for a connection that was idle for long and has been closed; not for an answer that does not come.
        retry = import_module("redis.retry").Retry(import_module("redis.backoff").NoBackoff(), 1, (self._redis.ConnectionError,))
        try:
            return self._redis.Redis.from_url(
                self._url,
                socket_timeout=timeout_seconds,
                socket_connect_timeout=TIMEOUT_SECONDS,
                retry=retry,
                decode_responses=False,
                protocol=2,  # the shape of what XREAD answers depends on it
            )
        except ValueError as error:
            raise ConfigError(f"Settings: page_store is no URL of a Redis server: {error}.") from error

    @property
    def _errors(self) -> tuple[type[BaseException], ...]:
        return (self._redis.RedisError, OSError)

    def _try(self, ask: Callable[[], Any]) -> Any:
        """Give what Redis answers, None when it does not."""
        began = time.monotonic()
        if began < self._away_until:
            return None
        try:
            answer = ask()
        except self._errors as error:
            self._note_failure(error, began)
            return None
        self._warnings.clear()
        return answer

    def _note_failure(self, error: BaseException, began: float) -> None:
        now = time.monotonic()
        self._away_until = now + AWAY_SECONDS + 2 * (now - began)
        self._is_silent = isinstance(error, TimeoutError | self._redis.TimeoutError)
        self._warn(error)

    def _change(self, path: str, add: Callable[[Any], object]) -> bool:
        """Change a page and tell the others, both or neither.

        Tried also when a read has just failed, for nobody would try again; but not where whoever wants the page would wait for nothing.
        """
        began = time.monotonic()
        if self._is_silent and began < self._away_until:
            return False
        record = {b"path": path.encode("utf-8", "surrogatepass"), b"writer": self._writer()}
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                add(pipeline)
                pipeline.xadd(self._key("changes"), record, maxlen=KEPT_CHANGES, approximate=True)
                pipeline.execute()
        except self._errors as error:
            self._note_failure(error, began)
            return False
        return True

    def _warn(self, error: BaseException) -> None:
        # SECURITY: the URL, which may hold a password, stays out of the log.
        self._warnings.warn(f"Redis, which keeps the pages, fails ({error}). Each worker makes its own and serves them from memory.")

    def _writer(self) -> bytes:
        return f"{self._token}.{os.getpid()}".encode()

    def _page_key(self, path: str) -> bytes:
        return self._key("page", path)

    def _key(self, kind: str, path: str = "") -> bytes:
        return self._prefix + kind.encode() + (b":" + path.encode("utf-8", "surrogatepass") if path else b"")


class _RedisClaim:
    def __init__(self, ask: Callable[[Callable[[], Any]], Any], client: Any, key: bytes, token: bytes) -> None:
        self._ask = ask
        self._client = client
        self._key = key
        self._token = token

    def is_held(self) -> bool:
        return bool(self._ask(lambda: self._client.get(self._key) == self._token))

    def release(self) -> None:
        self._ask(lambda: self._client.eval(RELEASE, 1, self._key, self._token))


class _RedisChanges:
    """Records of a stream, read by a thread."""

    def __init__(
        self,
        client: Any,
        key: bytes,
        writer: Callable[[], bytes],
        errors: tuple[type[BaseException], ...],
        warn: Callable[[BaseException], None],
    ) -> None:
        self._client = client
        self._key = key
        self._writer = writer
        self._errors = errors
        self._warn = warn
        self._paths: deque[str] = deque()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slugline-redis", daemon=True)
        self._thread.start()

    def take(self) -> Collection[str]:
        if not self._paths:
            return ()
        paths = {self._paths.popleft() for _ in range(len(self._paths))}
        return ALL_PATHS if ALL_PATHS[0] in paths else paths

    def close(self) -> None:
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._follow()
            except self._errors as error:
                self._warn(error)
                self._closed.wait(AWAY_SECONDS)
        self._client.close()

    def _follow(self) -> None:
        """Read until the connection breaks. Whatever was read before it stood may be old."""
        newest = self._client.xrevrange(self._key, count=1)
        position = newest[0][0] if newest else b"0-0"
        self._paths.append(ALL_PATHS[0])
        while not self._closed.is_set():
            for _, records in self._client.xread({self._key: position}, block=int(WAIT_SECONDS * 1000), count=1000) or ():
                for identifier, record in records:
                    position = identifier
                    self._note(record)

    def _note(self, record: Mapping[bytes, bytes]) -> None:
        if record.get(b"writer") == self._writer():
            return
        waiting = len(self._paths)
        if waiting < KEPT_CHANGES:
            self._paths.append(_read_path(record))
        elif waiting == KEPT_CHANGES:  # nobody asks this worker for anything: one word says as much
            self._paths.append(ALL_PATHS[0])


def _read_path(record: Mapping[bytes, bytes]) -> str:
    """Give the path of the page that was replaced; ALL_PATHS where the record is none of ours, and may mean any."""
    try:
        return record[b"path"].decode("utf-8", "surrogatepass")
    except (KeyError, UnicodeDecodeError):
        return ALL_PATHS[0]


def _import_redis() -> Any:
    try:
        return import_module("redis")
    except ImportError as error:
        raise ConfigError(
            'Pages are to be kept in Redis, and the package redis is not installed. Run `pip install "slugline[redis]"`.'
        ) from error
