"""A Next.js process beside Python: its lines marked as its own, its whole tree ended with it."""

import asyncio
import codecs
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["NextProcess", "mark_line"]

MARKS = {"next": "next  │ ", "python": "python│ "}
COLOURS = {"next": "\033[2m", "python": "\033[36m"}
LAST_LINES = 30
KILLED_WITHIN_SECONDS = 5


def mark_line(who: str, line: str, *, colours: bool = False) -> str:
    """Put the mark of "next" or "python" before a line of output."""
    mark = MARKS[who]
    return f"{COLOURS[who]}{mark}\033[0m{line}" if colours else mark + line


class NextProcess:
    """One run of Next.js.

    Every line that it prints is given to `write`, without its end. `last_lines` keeps the newest ones, for a report.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        write: Callable[[str], None] = print,
        name: str = "Next.js",
    ) -> None:
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._command = tuple(command)
        self._directory = directory
        self._environment = dict(environment)
        self._write = write
        self._name = name
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The id of the process, which is also that of its group."""
        return self._started.pid

    async def start(self) -> None:
        """Start it, as the head of a session of its own, so that a Ctrl+C in the terminal reaches only us, who end it in order."""
        # A pipe of our own: asyncio's would have `wait` wait for all who hold it, and what Next.js left behind does.
        reading, writing = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._directory,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._reading = asyncio.create_task(self._read_lines(reading))

    async def wait(self) -> int:
        """Wait for its end, and give its exit status: negative for the signal that ended it."""
        status = await self._started.wait()
        # What it started and left behind keeps the port, and the pipe that the lines come through.
        self._signal(signal.SIGKILL)
        if self._reading is not None:
            await asyncio.wait([self._reading])
        return status

    async def stop(self, seconds: float) -> int:
        """Ask its whole tree to end, kill what has not ended in time, and give its exit status."""
        self._stopping = True
        if self._started.returncode is None:
            self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                return await self.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            async with asyncio.timeout(KILLED_WITHIN_SECONDS):
                return await self.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to its whole tree."""
        if self._started.returncode is None:
            self._signal(number)

    def describe_end(self, status: int) -> str | None:
        """Say what happened when it ended by itself, with the last that it printed; None when it was asked to."""
        if self._stopping:
            return None
        how = f"with status {status}" if status >= 0 else f"by {_signal_name(-status)}"
        text = f"{self._name} ended by itself {how}: {' '.join(self._command[1:])}"
        return "\n".join([f"{text}. Its last lines:", *self.last_lines]) if self.last_lines else f"{text}. It printed nothing."

    @property
    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("NextProcess.start was not called.")
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        # The group outlives its head while anything in it lives; then there is nobody to tell.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._started.pid, number)

    async def _read_lines(self, descriptor: int) -> None:
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb")
        )
        # Read in pieces: a line may be longer than any limit, and a character may be cut in two.
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while piece := await stream.read(65536):
            *lines, rest = (rest + decoder.decode(piece)).split("\n")
            for line in lines:
                self._take(line)
        if rest:
            self._take(rest)
        transport.close()

    def _take(self, line: str) -> None:
        text = line.rstrip("\r")
        self.last_lines.append(text)
        self._write(text)


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
