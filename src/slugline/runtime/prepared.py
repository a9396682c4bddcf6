"""Answers with a page that was made before, finished once for all who ask in the same way."""

from typing import Any

from slugline.http.compression import choose_encoding
from slugline.http.finish import Fields, finish_whole
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.pages.entry import Entry

__all__ = ["HTML", "Prepared", "PreparedPages", "fill"]

HTML = "text/html; charset=utf-8"

Final = tuple[int, Fields, bytes]

# Of each page its plain and its compressed bodies: 128 MB at most, and commonly a tenth of it.
MOST_KEPT = 500
MOST_KEPT_BYTES = 256 * 1024


def fill(response: Response[Any], entry: Entry, policy: str | None, state: str | None, *, tagged: bool = True) -> None:
    """Put a page into an answer, with its tag unless told otherwise; `policy` is its Cache-Control, `state` says where it came from."""
    if policy is not None and not response.has_header("cache-control"):  # a rule of the project may have said something else
        response.set_header("cache-control", policy)
    if state is not None:
        # NEXTJS: the name that proxies and monitoring look for.
        response.set_header("x-nextjs-cache", state)
    if entry.kind == "redirect" and entry.location is not None:
        response.redirect(entry.status, entry.location)
        return
    response.status(entry.status).set_header("content-type", HTML)
    if tagged:
        response.set_header("etag", entry.etag)
    response._finish(entry.body, typed=True)


class Prepared:
    """One page with one policy and state, as it goes out to each kind of request; made by `finish_whole` at the first of each."""

    __slots__ = ("_compress", "_entry", "_finals", "_policy", "_state", "_tagged", "_tags")

    def __init__(self, entry: Entry, policy: str | None, state: str | None, *, compress: bool, tagged: bool) -> None:
        self._tagged = tagged
        self._entry = entry
        self._policy = policy
        self._state = state
        self._compress = compress
        self._finals: dict[tuple[str, str | None, bytes], Final] = {}
        self._tags: set[bytes] = set()

    def choose(self, request: Request[Any, Any]) -> Final | None:
        """Give the answer for a request without cookies; None for one that has to be looked at closely."""
        index = request.index
        held = index.get(b"if-none-match", b"")
        if held and (held not in self._tags or b"cache-control" in index):
            return None
        accepted = index.get(b"accept-encoding") if self._compress else None
        coding = choose_encoding(accepted.decode("latin-1")) if accepted else None
        key = (request.method, coding, held)
        final = self._finals.get(key)
        if final is None:
            final = self._finals[key] = self._finish(request.method, coding, held)
            self._tags.update(value for name, value in final[1] if name == b"etag")
        return final

    def _finish(self, method: str, coding: str | None, held: bytes) -> Final:
        fields = [(b"accept-encoding", coding.encode())] if coding is not None else []
        if held:
            fields.append((b"if-none-match", held))
        request: Request[Any, Any] = Request(method, b"/", b"", fields)
        response: Response[Any] = Response(request)
        fill(response, self._entry, self._policy, self._state, tagged=self._tagged)
        return finish_whole(request, response, compress=self._compress)


class PreparedPages:
    """The prepared answers of a process, the oldest of which go first."""

    def __init__(self, *, compress: bool, tagged: bool = True) -> None:
        self._compress = compress
        self.tagged = tagged
        self._kept: dict[tuple[str, int, str | None, str | None], Prepared] = {}

    def answer(
        self, request: Request[Any, Any], response: Response[Any], entry: Entry, policy: str | None, state: str | None = None
    ) -> None:
        """Answer with a page; what the response has already is kept."""
        # PERF: half of what a page costs is writing the same fields anew, and compressing is a hundred times that.
        if response._fields is None and b"cookie" not in request.index and entry.kind == "page" and len(entry.body) <= MOST_KEPT_BYTES:
            final = self._find(entry, policy, state).choose(request)
            if final is not None:
                response._status = final[0]
                response._finish()
                response._final = final
                return
        fill(response, entry, policy, state, tagged=self.tagged)

    def _find(self, entry: Entry, policy: str | None, state: str | None) -> Prepared:
        # The tag stands for the body, whatever page it belongs to.
        key = (entry.etag, entry.status, policy, state)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._kept[key] = Prepared(entry, policy, state, compress=self._compress, tagged=self.tagged)
        return found
