"""`slugline dev` as a process, with a project on disk that tests save files of."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from behaviour.wire import Answer, Connection, Fields, make_request, wait_until
from servers import Server, find_free_port, start_process

__all__ = ["BROWSER", "DevProcess", "write_files"]

BROWSER: Fields = (("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),)


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, and the folders that they lie in."""
    for source, text in files.items():
        path = root / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class DevProcess:
    """A development server and its project; leave the block to stop it."""

    def __init__(self, root: Path, files: Mapping[str, str], *options: str) -> None:
        write_files(root, {"pages/api/index.py": "def handler(req, res):\n    res.json({})\n", **files})
        self.root = root
        self.port = find_free_port()
        self.server: Server = start_process(["-m", "slugline", "dev", str(root), "--port", str(self.port), *options], self.port)
        self.wait_for_line(r"Slugline on http")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self.server.log_path.unlink()

    def ask(self, target: str, method: str = "GET", fields: Fields = (), body: bytes = b"", host: str = "localhost") -> Answer:
        """Send one request on a connection of its own, and give the answer."""
        with Connection(self.port) as connection:
            connection.send(make_request(target, method, fields, body, host))
            return connection.read_answer()

    def json(self, target: str) -> Any:
        """Ask, and give the body as a value."""
        return json.loads(self.ask(target).body)

    def save(self, source: str, text: str) -> None:
        """Write a file as many editors do: another file beside it, put in its place, so that no half file is ever seen."""
        path = self.root / source
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}~")
        new.write_text(text)
        os.replace(new, path)

    def wait_for_json(self, target: str, expected: object) -> None:
        """Wait until a path answers with this value."""
        wait_until(lambda: self._answers(target, expected), f"{target} answers {expected}\n{self.log()[-3000:]}")

    def wait_for_status(self, target: str, status: int) -> Answer:
        """Wait until a path answers with this status, and give the answer."""

        def probe() -> Answer | None:
            answer = self.ask(target)
            return answer if answer.status == status else None

        return wait_until(probe, f"{target} answers {status}")  # type: ignore[return-value]

    def log(self) -> str:
        """Give what it printed so far."""
        return self.server.log()

    def lines(self, pattern: str, after: int = 0) -> list[str]:
        """Give the lines in which a pattern is found, from a length of the log on."""
        return [line for line in self.log()[after:].splitlines() if re.search(pattern, line)]

    def wait_for_line(self, pattern: str, after: int = 0) -> str:
        """Wait for a line in the log, and give it."""
        return wait_until(lambda: self.lines(pattern, after), f"a line with {pattern}:\n{self.log()[after:]}")[0]

    def _answers(self, target: str, expected: object) -> bool:
        answer = self.ask(target)
        return answer.status == 200 and json.loads(answer.body) == expected
