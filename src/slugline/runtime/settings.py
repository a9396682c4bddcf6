"""How a running application behaves: sizes, clocks and caps, all settable."""

from dataclasses import dataclass

from slugline.runtime.threads import DEFAULT_THREADS

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of `create_app`; the defaults are meant for production."""

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
    write_stall_seconds: float = 30.0
    """How long a client may leave a chunk unread; then the connection is cut."""
    late_answer_seconds: float = 30.0
    """How long an answer may come after its handler has returned, while something still holds `res`; then 500."""
    shutdown_seconds: float = 25.0
    """How long a stopping server waits for what runs."""
    compress: bool = True
    """Whether answers are compressed (gzip, deflate), as Next.js does by default."""
    access_log: str | None = None
    """ "text" or "json": a line for each request on the logger `slugline.access`; None for no lines."""
