"""How a running application behaves: sizes, clocks and caps, all settable."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NoReturn

from slugline.errors import ConfigError
from slugline.project.config import CONFIG_FILE, ProjectConfig
from slugline.runtime.threads import DEFAULT_THREADS

__all__ = ["Settings", "settings_of"]

AT_LEAST_ONE = frozenset({"threads", "max_concurrent", "proxy_connections"})
MAY_BE_ZERO = frozenset({"discard_seconds", "shutdown_seconds"})
"""Seconds to wait, of which none is an answer; a clock that has always run out is none."""
LONGEST_SECONDS = 1e9  # 31 years, as for maxDuration
ACCESS_LOGS = (None, "text", "json")
PAGE_STORE = re.compile(r"(?:|memory|disk|(?:rediss?|unix)://\S+)")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of `create_app`; the defaults are meant for production.

    Raises ConfigError for a value that cannot be meant, with the field and what is allowed.
    """

    threads: int = DEFAULT_THREADS
    """How many `def` handlers run at once in a process."""
    max_waiting: int = 1000
    """How many `def` handlers may wait for a thread; beyond it 503."""
    max_concurrent: int = 1000
    """How many requests run at once in a process, streams and WebSockets not counted; beyond it 503."""
    max_streams: int = 2000
    """How many streams and WebSockets are open at once in a process; beyond it 503."""
    retry_after_seconds: int = 1
    """What a 503 tells the client to wait."""
    body_idle_seconds: float = 10.0
    """How long a body may pause while it is read; then 408."""
    body_total_seconds: float = 30.0
    """How long a body may take, to which each KiB read adds a second; then 408."""
    discard_bytes: int = 8 * 1024 * 1024
    """How much of a body that is refused is read and dropped, so that its sender gets to read the refusal."""
    discard_seconds: float = 2.0
    """How long it is read for that."""
    write_stall_seconds: float = 30.0
    """How long a client may leave a chunk unread; then the connection is cut."""
    late_answer_seconds: float = 30.0
    """How long an answer may come after its handler has returned, while something still holds `res`; then 500."""
    shutdown_seconds: float = 25.0
    """How long a stopping server waits for what runs."""
    proxy_connect_seconds: float = 10.0
    """How long another server, that a rewrite forwards to, may take to accept a connection; then 500."""
    proxy_idle_seconds: float = 30.0
    """How long it may neither take nor give anything; then 500, or a cut in the middle of its answer. Next.js has the same."""
    proxy_connections: int = 2000
    """How many connections to other servers are open at once in a process, those of streams and WebSockets too; more have to wait."""
    compress: bool = True
    """Whether answers are compressed (gzip, deflate), as Next.js does by default."""
    access_log: str | None = None
    """ "text" or "json": a line for each request on the logger `slugline.access`; None for no lines."""
    page_store: str = ""
    """Where made pages are kept: "memory", "disk", or the URL of a Redis server; "" is the disk after a build, else memory."""
    untouched_events: bool = False
    """Whether every event stream tells proxies not to compress it (`no-transform`), which would hold events back."""
    development: bool = False
    """Whether this is a development server: it warns of more, and its cookies need no HTTPS."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int:
                _check_count(field.name, value)
            elif field.type is float:
                _check_seconds(field.name, value)
            elif field.type is bool and not isinstance(value, bool):
                _refuse(field.name, value, "True or False")
        if self.access_log not in ACCESS_LOGS:
            _refuse("access_log", self.access_log, '"text", "json" or None')
        if not isinstance(self.page_store, str) or not PAGE_STORE.fullmatch(self.page_store):
            _refuse("page_store", self.page_store, '"memory", "disk", or the URL of a Redis server, "redis://host:6379/0"')


def settings_of(config: ProjectConfig, given: Mapping[str, object] | None = None) -> Settings:
    """Give the settings of a project's `slugline.config.py`, with those that were given elsewhere, as on the command line, over them.

    Raises ConfigError, with the key's path, for a field that there is not and for a value that cannot be meant.
    """
    known = [field.name for field in fields(Settings)]
    for name in config.settings:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(known)}."
            raise ConfigError(f"{CONFIG_FILE}: settings.{name} is unknown.{hint}", files=[CONFIG_FILE])
    try:
        return Settings(**{**config.settings, "compress": config.compress, **(given or {})})  # type: ignore[arg-type]
    except ConfigError as error:
        raise ConfigError(error.message.replace("Settings: ", f"{CONFIG_FILE}: settings.", 1), files=[CONFIG_FILE]) from error


def _check_count(name: str, value: object) -> None:
    least = 1 if name in AT_LEAST_ONE else 0
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        _refuse(name, value, f"a whole number from {least} up")


def _check_seconds(name: str, value: object) -> None:
    allowed = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LONGEST_SECONDS
    if not allowed or (value == 0 and name not in MAY_BE_ZERO):
        _refuse(name, value, "a number of seconds from 0 up" if name in MAY_BE_ZERO else "a number of seconds above 0, such as 10 or 2.5")


def _refuse(name: str, value: object, allowed: str) -> NoReturn:
    raise ConfigError(f"Settings: {name} is {value!r}. Allowed: {allowed}.")
