#!/usr/bin/env python3
"""Ask a running server what Next.js was asked, and compare the answers.

    python tests/conformance/replay.py http://127.0.0.1:3000 --area routing --area query --sensible

Requests go out over raw sockets, byte for byte as the case has them, since an HTTP client would tidy them up.
Two answers are compared as a client would: header names in any case, JSON by value, ETags by presence and strength,
cookie attributes in any order. What does not matter to a client (framing, reason phrases) is left out; see `Options`.
"""

import argparse
import base64
import contextlib
import gzip
import hashlib
import html
import json
import re
import secrets
import socket
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

__all__ = ["CASES", "Answer", "Case", "Options", "Substitution", "compare", "compare_sensible", "exchange", "read_cases", "run_case"]

CASES = Path(__file__).with_name("cases.json")

Case = dict[str, Any]
"""One line of cases.json: id, area, app, fixture, tier, request, response and, where needed, setup, compare, sensible."""

Headers = list[tuple[str, str]]
Substitution = Callable[[str], str]


@dataclass(frozen=True)
class Options:
    """What `compare` is strict about beyond what a client can tell.

    `reason`: the reason phrase. `framework_headers`: x-powered-by, x-nextjs-* and the like. `vary`: the token
    Accept-Encoding outside of area compress. `content_type`: a text/plain that Next.js leaves out. `dump`: `None` for a
    body that was not sent, and `req.url` as it was sent.
    """

    reason: bool = False
    framework_headers: bool = False
    vary: bool = False
    content_type: bool = False
    dump: bool = False


@dataclass
class Answer:
    """What came back.

    `outcome` is "response", "reset" (closed before a whole head), "partial" (closed before the end of the body), "timeout" or
    "partial-timeout". Headers are in wire order; `interim` are the 1xx statuses before the answer.
    """

    outcome: str = "response"
    status: int | None = None
    reason: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    elapsed: float = 0.0
    interim: list[int] = field(default_factory=list)

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        values = self.get_all(name)
        return values[0] if values else None


def read_cases(path: Path = CASES) -> list[Case]:
    """Read all cases."""
    cases: list[Case] = json.loads(path.read_text(encoding="utf-8"))
    return cases


# Running a case


def run_case(base_url: str, case: Case, timeout: float = 10.0) -> tuple[Answer, list[tuple[str, str]]]:
    """Send the requests that a case needs first, then its own.

    Gives the answer, and the texts in it that stand for something else: [("127.0.0.1:3000", "{{host}}"), …].
    """
    base = urlsplit(base_url)
    variables = {"nonce": "n" + secrets.token_hex(5), "host": base.netloc, "base": base_url}

    def substitute(text: str) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda found: variables.get(found.group(1), found.group(0)), text)

    for step in case.get("setup", []):
        if "sleep_ms" in step:
            time.sleep(step["sleep_ms"] / 1000)
            continue
        answer = exchange(base, step["request"], substitute, timeout)
        for name, source in step.get("capture", {}).items():
            variables[name] = _capture(answer, source)
    return exchange(base, case["request"], substitute, timeout), _places_of(base, variables["nonce"])


def _capture(answer: Answer, source: str) -> str:
    kind, _, name = source.partition(":")
    if kind == "header":
        return answer.get(name) or ""
    if kind == "cookie":
        pairs = [cookie.split(";")[0].partition("=") for cookie in answer.get_all("set-cookie")]
        return next((value for key, _, value in reversed(pairs) if key.strip() == name), "")
    found = re.search(name, answer.body.decode("utf-8", "replace"))
    return found.group(1) if found else ""


def _places_of(base: SplitResult, nonce: str) -> list[tuple[str, str]]:
    hosts = {base.netloc, f"localhost:{base.port}", f"127.0.0.1:{base.port}"} if base.port else {base.netloc}
    places = [(nonce, "{{nonce}}")]
    for host in hosts:
        places += [("http://" + host, "{{base}}"), (host, "{{host}}")]
    return places


# The wire


def exchange(
    base: str | SplitResult, request: Mapping[str, Any], substitute: Substitution = lambda text: text, timeout: float = 10.0
) -> Answer:
    """Send one request on a connection of its own and read the answer until it is complete, broken or late.

    `request` has method, path, headers [[name, value], …] and perhaps body, body_b64, body_repeat [text, times],
    chunked (bytes a chunk), http10, no_host, timeout_ms; or raw_b64, the whole request. Raises OSError when nothing listens.
    """
    base = urlsplit(base) if isinstance(base, str) else base
    answer = Answer()
    started = time.monotonic()
    if request.get("timeout_ms"):
        timeout = request["timeout_ms"] / 1000
    data = _build_request(base, request, substitute)
    with socket.create_connection((base.hostname or "", base.port or 80), timeout=timeout) as connection:
        try:
            # A server may answer and close before it has read everything; its answer may be there to read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            _Reader(connection, started + timeout, answer).read_answer(head_only=request.get("method") == "HEAD")
        except TimeoutError:
            answer.outcome = "timeout" if answer.status is None else "partial-timeout"
    answer.elapsed = time.monotonic() - started
    return answer


def _build_request(base: SplitResult, request: Mapping[str, Any], substitute: Substitution) -> bytes:
    if request.get("raw_b64"):
        return base64.b64decode(request["raw_b64"]).replace(b"{{host}}", base.netloc.encode())
    method, version = request.get("method", "GET"), "1.0" if request.get("http10") else "1.1"
    lines = [_to_latin1(method) + b" " + substitute(request["path"]).encode() + b" HTTP/" + version.encode()]
    headers = [(name, substitute(value)) for name, value in request.get("headers", [])]
    names = {name.lower() for name, _ in headers}
    if "host" not in names and not request.get("no_host"):
        lines.append(b"Host: " + base.netloc.encode())
    if "connection" not in names:
        lines.append(b"Connection: close")
    lines += [_to_latin1(name) + b": " + value.encode() for name, value in headers]
    body = _build_body(request, substitute)
    if request.get("chunked"):
        if "transfer-encoding" not in names:
            lines.append(b"Transfer-Encoding: chunked")
        body = _encode_chunked(body, request["chunked"])
    elif (body or request.get("body") is not None or request.get("body_b64") is not None) and "content-length" not in names:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _build_body(request: Mapping[str, Any], substitute: Substitution) -> bytes:
    if request.get("body_repeat"):
        text, times = request["body_repeat"]
        return bytes(text.encode() * times)
    if request.get("body_b64") is not None:
        return base64.b64decode(request["body_b64"])
    return substitute(request["body"]).encode() if request.get("body") is not None else b""


def _encode_chunked(body: bytes, chunked: object) -> bytes:
    size = chunked if isinstance(chunked, int) and chunked > 1 else 1024
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _to_latin1(text: str) -> bytes:
    return text.encode("latin-1", "surrogateescape")


class _Reader:
    """Reads one answer; TimeoutError leaves what was read in `answer`."""

    def __init__(self, connection: socket.socket, deadline: float, answer: Answer) -> None:
        self.connection = connection
        self.deadline = deadline
        self.answer = answer
        self.buffer = bytearray()
        self.was_reset = False

    def read_answer(self, *, head_only: bool) -> None:
        if not self.read_head():
            self.answer.outcome = "reset"
            return
        length = self.answer.get("content-length")
        if head_only or self.answer.status in (204, 304):
            return
        if "chunked" in (self.answer.get("transfer-encoding") or "").lower():
            whole = self.read_chunks()
        elif length is not None and length.isdigit():
            whole = self.fill_to(int(length))
            self.answer.body = bytes(self.buffer[: int(length)])
        else:
            while self.fill():
                pass
            whole = not self.was_reset
            self.answer.body = bytes(self.buffer)
        if not whole:
            self.answer.outcome = "partial"

    def read_head(self) -> bool:
        while True:
            while b"\r\n\r\n" not in self.buffer:
                if not self.fill():
                    return False
            head = bytes(self.buffer).partition(b"\r\n\r\n")[0]
            del self.buffer[: len(head) + 4]
            lines = head.decode("latin-1").split("\r\n")
            _, status, *reason = lines[0].split(" ", 2)
            if 100 <= int(status) < 200 and int(status) != 101:
                self.answer.interim.append(int(status))
                continue
            self.answer.status = int(status)
            self.answer.reason = reason[0] if reason else ""
            pairs = (line.partition(":") for line in lines[1:])
            self.answer.headers = [(name.strip(), value.strip()) for name, _, value in pairs]
            return True

    def read_chunks(self) -> bool:
        body = bytearray()
        while True:
            while b"\r\n" not in self.buffer:
                if not self.fill():
                    return False
            line = bytes(self.buffer).partition(b"\r\n")[0]
            del self.buffer[: len(line) + 2]
            size = int(line.split(b";")[0] or b"0", 16)
            if size == 0:
                return True
            whole = self.fill_to(size + 2)
            body += self.buffer[:size]
            del self.buffer[: size + 2]
            self.answer.body = bytes(body)
            if not whole:
                return False

    def fill_to(self, size: int) -> bool:
        while len(self.buffer) < size:
            if not self.fill():
                return False
        return True

    def fill(self) -> bool:
        """Read some more; false at the end of the connection."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        try:
            part = self.connection.recv(65536)
        except ConnectionResetError:
            self.was_reset = True
            return False
        self.buffer += part
        return bool(part)


# Comparing with what Next.js answered

DROPPED_HEADERS = {"date", "connection", "keep-alive", "server", "transfer-encoding"}
COMPARED_HEADERS = {
    "content-type", "location", "set-cookie", "cache-control", "vary", "allow", "etag", "content-encoding", "last-modified",
    "accept-ranges", "content-range", "content-disposition", "www-authenticate", "retry-after", "content-length",
}  # fmt: skip
COMPARED_PREFIXES = ("x-", "access-control-", "some", "path-")
FRAMEWORK_HEADER = re.compile(r"x-powered-by|x-nextjs-.*|x-middleware-.*|x-vercel-.*|x-next-.*|refresh")
TOKEN_LISTS = {"vary", "allow", "access-control-allow-methods", "access-control-allow-headers", "access-control-expose-headers"}
SECRET_COOKIES = {"__prerender_bypass", "__next_preview_data"}
HARMLESS_TYPES = {"text/plain", "text/html", "application/octet-stream"}


def compare(case: Case, actual: Answer, options: Options, places: list[tuple[str, str]]) -> list[str]:
    """Compare an answer with the one that the case has; an empty list means that no client could tell them apart."""
    expected = case["response"]
    if expected["outcome"] != actual.outcome:
        return [f"outcome: expected {expected['outcome']}, got {actual.outcome} (status {actual.status})"]
    if expected["outcome"] in ("timeout", "reset"):
        return []
    return [
        *_compare_status(case, actual, options),
        *_compare_headers(case, actual, options, places),
        *_compare_body(case, actual, options, places),
    ]


def _compare_status(case: Case, actual: Answer, options: Options) -> Iterator[str]:
    expected = case["response"]
    allowed = {expected["status"], *case.get("compare", {}).get("status_any", [])}
    if actual.status not in allowed:
        yield f"status: expected {expected['status']}, got {actual.status}"
    if options.reason and expected.get("reason", "") != actual.reason:
        yield f"reason: expected {expected.get('reason')!r}, got {actual.reason!r}"


def _compare_headers(case: Case, actual: Answer, options: Options, places: list[tuple[str, str]]) -> Iterator[str]:
    wanted = _group_headers(case["response"]["headers"], options)
    given = _group_headers([(name, _put_places(value, places)) for name, value in actual.headers], options)
    if not options.vary and case["area"] != "compress":
        # Vary: Accept-Encoding belongs to compression, which has its own area.
        _drop_accept_encoding(wanted)
        _drop_accept_encoding(given)
    ignored = _ignored_headers(case)
    for name in sorted(wanted.keys() | given.keys()):
        if name in ignored or "*" in ignored:
            continue
        if name == "content-type" and name not in wanted and not options.content_type and _media_type(given[name][0]) in HARMLESS_TYPES:
            continue  # NEXTJS: often sends text without any type; naming one is better
        if name == "content-length":
            yield from _compare_length(case, wanted, given, actual)
        elif name not in wanted:
            yield f"unexpected header {name}: {given[name]}"
        elif name not in given:
            yield f"missing header {name}: {wanted[name]}"
        elif _normalise(name, given[name]) != _normalise(name, wanted[name]):
            yield f"header {name}: expected {wanted[name]}, got {given[name]}"


def _ignored_headers(case: Case) -> set[str]:
    rules = case.get("compare", {})
    ignored = {name.lower() for name in rules.get("ignore_headers", [])}
    if rules.get("body") == "ignore" and _type_of(case["response"]).startswith("text/html"):
        # An error page of the framework: its status and caching headers alone matter.
        ignored |= {"content-type", "etag", "vary", "content-length"}
    return ignored


def _compare_length(case: Case, wanted: dict[str, list[str]], given: dict[str, list[str]], actual: Answer) -> Iterator[str]:
    """Compare only when both sides send it: framing is the server's business."""
    expected = case["response"]
    compressed = any(name.lower() == "content-encoding" for name, _ in expected["headers"])
    if compressed or case.get("compare", {}).get("body") in ("ignore", "marker", "regex") or expected.get("body_is_html"):
        return
    both = wanted.get("content-length"), given.get("content-length")
    if None not in both and both[0] != both[1] and not _is_json(actual.get("content-type")):
        yield f"content-length: expected {both[0]}, got {both[1]}"


def _compare_body(case: Case, actual: Answer, options: Options, places: list[tuple[str, str]]) -> list[str]:
    expected, rules = case["response"], case.get("compare", {})
    body, problems = _decode_content(actual)
    mode = rules.get("body")
    if mode == "ignore" or body is None:
        return problems
    if "body_sha256" in expected:
        if len(body) != expected["body_len"] or hashlib.sha256(body).hexdigest() != expected["body_sha256"]:
            problems.append(f"body: expected {expected['body_len']} bytes sha256 {expected['body_sha256'][:12]}.., got {len(body)} bytes")
        return problems
    if "body_b64" in expected:
        wanted = base64.b64decode(expected["body_b64"])
        return [*problems, f"body bytes differ: expected {wanted[:80]!r}, got {body[:80]!r}"] if wanted != body else problems
    text = _put_places(body.decode("utf-8", "replace"), places)
    return [*problems, *_compare_text(case, text, options)]


def _compare_text(case: Case, text: str, options: Options) -> Iterator[str]:
    expected, rules = case["response"], case.get("compare", {})
    wanted = expected.get("body", "")
    match rules.get("body"):
        case "marker":
            if (marker := _extract_marker(text)) != expected.get("marker"):
                yield f"marker: expected {expected.get('marker')}, got {marker}"
        case "regex":
            if not re.search(rules["pattern"], text, re.DOTALL):
                yield f"body does not match /{rules['pattern']}/: {text[:120]!r}"
        case "contains":
            if rules["pattern"] not in text:
                yield f"body does not contain {rules['pattern']!r}: {text[:120]!r}"
        case "json-subset":
            yield from _compare_json(case, wanted, text, options, keys=rules["keys"])
        case mode if wanted and (mode == "json" or _is_json(_type_of(expected))) and _is_json_text(wanted):
            yield from _compare_json(case, wanted, text, options)
        case _:
            if text != wanted:
                yield f"body: expected {wanted[:160]!r}, got {text[:160]!r}"


def _compare_json(case: Case, wanted_text: str, text: str, options: Options, keys: Iterable[str] | None = None) -> Iterator[str]:
    try:
        got, wanted = json.loads(text), json.loads(wanted_text)
    except ValueError:
        yield f"body is not JSON: {text[:160]!r}"
        return
    if not options.dump:
        wanted = _tolerate(wanted, got, case)
    if keys is not None:
        yield from (f"body[{key}]: expected {wanted.get(key)!r}, got {got.get(key)!r}" for key in keys if got.get(key) != wanted.get(key))
        return
    if not _is_equal(wanted, got):
        yield f"json body: expected {_shorten(wanted)}, got {_shorten(got)}"
    if case.get("compare", {}).get("exact_json") and wanted_text != text:
        yield f"json text: expected {wanted_text[:160]!r}, got {text[:160]!r}"


def _tolerate(wanted: Any, got: Any, case: Case) -> Any:
    """Take over what may differ: `None` for a body that was not sent, and the URL as it was sent.

    NEXTJS: gives "" for no body where its documentation says null, and writes the query anew in `req.url`.
    """
    if not isinstance(wanted, dict) or not isinstance(got, dict):
        return wanted
    wanted = dict(wanted)
    if wanted.get("body") == "" and got.get("body", "") is None:
        wanted["body"] = None
        if wanted.get("bodyType") == "string":
            wanted["bodyType"] = got.get("bodyType")
    sent = case["request"]["path"]
    if "url" in wanted and got.get("url") in (sent, sent.removeprefix("/docs")):
        wanted["url"] = got["url"]
    return wanted


def _decode_content(answer: Answer) -> tuple[bytes | None, list[str]]:
    """Undo gzip or deflate; None for a coding that the standard library cannot undo."""
    encoding = (answer.get("content-encoding") or "").lower()
    if encoding == "br":
        return None, []
    if not answer.body or encoding not in ("gzip", "deflate"):
        return answer.body, []
    try:
        return (gzip.decompress if encoding == "gzip" else _inflate)(answer.body), []
    except (OSError, EOFError, zlib.error) as error:
        return answer.body, [f"{encoding} body does not decompress: {error}"]


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -15)


# Comparing with what a Python server should answer instead


def compare_sensible(check: Mapping[str, Any], actual: Answer, places: list[tuple[str, str]]) -> list[str]:
    """Compare an answer with a description of it: status, headers, body, json and the like.

    Used where Next.js does what only JavaScript would do, and where Slugline differs on purpose.
    """
    outcome = check.get("outcome", "response")
    if outcome not in ("any", actual.outcome):
        return [f"outcome: expected {outcome}, got {actual.outcome}"]
    text = _put_places(actual.body.decode("utf-8", "replace"), places)
    return [
        *_check_status(check, actual),
        *_check_headers(check, actual, places),
        *_check_text(check, text),
        *_check_json(check, actual, text),
    ]


def _check_status(check: Mapping[str, Any], actual: Answer) -> Iterator[str]:
    if "status" in check:
        allowed = check["status"] if isinstance(check["status"], list) else [check["status"]]
        if actual.status not in allowed:
            yield f"status: expected one of {allowed}, got {actual.status}"


def _check_headers(check: Mapping[str, Any], actual: Answer, places: list[tuple[str, str]]) -> Iterator[str]:
    for name, wanted in check.get("headers", {}).items():
        values = actual.get_all(name)
        got = ", ".join(_put_places(value, places) for value in values) if values else None
        if wanted is None:
            if got is not None:
                yield f"header {name} should be absent, got {got!r}"
        elif wanted.startswith("re:"):
            if not re.search(wanted[3:], got or ""):
                yield f"header {name}: {got!r} does not match {wanted}"
        elif got != wanted:
            yield f"header {name}: expected {wanted!r}, got {got!r}"


def _check_text(check: Mapping[str, Any], text: str) -> Iterator[str]:
    if "body" in check and text != check["body"]:
        yield f"body: expected {check['body']!r}, got {text[:100]!r}"
    if "body_not" in check and check["body_not"] in text:
        yield f"body contains {check['body_not']!r}"


def _check_json(check: Mapping[str, Any], actual: Answer, text: str) -> Iterator[str]:
    if not ("json" in check or "json_has" in check or ("json_or_status" in check and actual.status == 200)):
        return
    try:
        got = json.loads(text)
    except ValueError:
        yield f"body is not JSON: {text[:100]!r}"
        return
    if "json" in check and not _is_equal(check["json"], got):
        yield f"json: expected {_shorten(check['json'])}, got {_shorten(got)}"
    for key, wanted in {**check.get("json_has", {}), **check.get("json_or_status", {})}.items():
        if isinstance(wanted, dict) and isinstance(got.get(key), dict):
            for inner, value in wanted.items():
                if not _is_equal(got[key].get(inner), value):
                    yield f"json[{key}][{inner}]: expected {_shorten(value)}, got {_shorten(got[key].get(inner))}"
        elif not _is_equal(got.get(key), wanted):
            yield f"json[{key}]: expected {_shorten(wanted)}, got {_shorten(got.get(key))}"


# What counts as equal


def _group_headers(headers: Iterable[tuple[str, str]], options: Options) -> dict[str, list[str]]:
    """Collect the fields that are compared, by lower-case name."""
    grouped: dict[str, list[str]] = {}
    for written, value in headers:
        name = written.lower()
        framework = FRAMEWORK_HEADER.fullmatch(name) is not None
        if name in DROPPED_HEADERS or (framework and not options.framework_headers):
            continue
        if framework or name in COMPARED_HEADERS or name.startswith(COMPARED_PREFIXES):
            grouped.setdefault(name, []).append(value)
    return grouped


def _drop_accept_encoding(headers: dict[str, list[str]]) -> None:
    if "vary" not in headers:
        return
    tokens = [token.strip() for value in headers.pop("vary") for token in value.split(",")]
    others = [token for token in tokens if token.lower() not in ("", "accept-encoding")]
    if others:
        headers["vary"] = [", ".join(others)]


def _normalise(name: str, values: list[str]) -> list[str]:
    if name == "set-cookie":
        return sorted(_normalise_cookie(value) for value in values)
    if name == "content-type":
        return [_normalise_type(value) for value in values]
    if name == "etag":
        return ["weak" if value.startswith("W/") else "strong" for value in values]
    if name == "last-modified":
        return ["present"]
    if name in TOKEN_LISTS:
        return sorted({token.strip().lower() for value in values for token in value.split(",") if token.strip()})
    if name == "cache-control":
        return sorted(token.strip().lower() for value in values for token in value.split(","))
    return values


def _normalise_cookie(line: str) -> str:
    pair, *attributes = [part.strip() for part in line.split(";")]
    name, _, value = pair.partition("=")
    if name in SECRET_COOKIES and value:
        pair = f"{name}=<token>"
    has_max_age = any(attribute.lower().startswith("max-age=") for attribute in attributes)
    kept = []
    for attribute in attributes:
        key, equals, value = attribute.partition("=")
        if has_max_age and attribute.lower().startswith("expires="):
            continue  # follows from Max-Age and the clock
        kept.append(key.lower() + equals + (value.lower() if key.lower() == "samesite" else value))
    return "; ".join([pair, *sorted(kept)])


def _normalise_type(value: str) -> str:
    media_type, *parameters = [part.strip().lower() for part in value.split(";")]
    return "; ".join([media_type, *sorted(parameter for parameter in parameters if parameter)])


def _is_equal(one: Any, other: Any) -> bool:
    """Compare JSON values: 1 equals 1.0, and neither equals True."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return type(one) is type(other) and bool(one == other)


def _put_places(text: str, places: list[tuple[str, str]]) -> str:
    for real, name in places:
        if real:
            text = text.replace(real, name)
    return text


def _extract_marker(text: str) -> Any:
    found = re.search(r'<pre id="d">(.*?)</pre>', text, re.DOTALL)
    if found is None:
        return None
    marker = html.unescape(found.group(1))
    try:
        return json.loads(marker)
    except ValueError:
        return marker


def _type_of(response: Mapping[str, Any]) -> str:
    types = [value for name, value in response["headers"] if name.lower() == "content-type"]
    return types[-1] if types else ""


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _is_json(content_type: str | None) -> bool:
    return content_type is not None and "json" in _media_type(content_type)


def _is_json_text(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _shorten(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 200 else text[:200] + "…"


# The program


def main(arguments: list[str] | None = None) -> int:
    """Replay the chosen cases; 1 when one of tier contract failed."""
    chosen = _parse_arguments(arguments)
    options = Options(
        reason=chosen.strict_reason,
        framework_headers=chosen.framework_headers,
        vary=chosen.strict_vary,
        content_type=chosen.strict_ctype,
        dump=chosen.strict_dump,
    )
    totals: Counter[tuple[str, str, bool]] = Counter()
    results: list[dict[str, Any]] = []
    for case in filter(lambda case: _is_chosen(case, chosen), read_cases(chosen.cases)):
        problems = _run_and_compare(chosen.bases[case["app"]], case, options, sensible=chosen.sensible)
        totals[case["area"], case["tier"], not problems] += 1
        results.append({"id": case["id"], "tier": case["tier"], "pass": not problems, "problems": problems})
        if not chosen.quiet and (chosen.verbose or problems):
            print("FAIL" if problems else "PASS", f"{case['tier']:9}", case["id"])
            for problem in problems:
                print("     ", problem)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    _print_totals(totals)
    counted = [result for result in results if not result["pass"] and (chosen.all_tiers or result["tier"] == "contract")]
    passed = sum(result["pass"] for result in results)
    print(f"\n{len(results)} cases, {passed} passed, {len(results) - passed} failed ({len(counted)} of them count)")
    return 1 if counted else 0


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ask a running server what Next.js was asked, and compare the answers.")
    parser.add_argument("base_url", nargs="?", metavar="BASE_URL")
    parser.add_argument("--base", action="append", default=[], metavar="APP=URL", help="the server of one app; may be repeated")
    parser.add_argument("--app", help="only cases of this app; BASE_URL then serves it (default main)")
    parser.add_argument("--area", action="append", help="only this area; may be repeated")
    parser.add_argument("--id", help="only cases whose id contains this")
    parser.add_argument("--not-id", action="append", default=[], metavar="TEXT", help="leave out cases whose id contains this")
    parser.add_argument("--tier", help="contract, accident, framework, or several with commas")
    parser.add_argument("--cases", type=Path, default=CASES, metavar="FILE")
    parser.add_argument("--sensible", action="store_true", help="accidents: check what Python should answer, or leave the case out")
    parser.add_argument("--all-tiers", action="store_true", help="a failure of any tier counts for the exit status")
    parser.add_argument("--strict-reason", action="store_true", help="compare reason phrases")
    parser.add_argument("--framework-headers", action="store_true", help="compare x-powered-by, x-nextjs-*, x-middleware-* and refresh")
    parser.add_argument("--strict-vary", action="store_true", help="compare Accept-Encoding in Vary everywhere")
    parser.add_argument("--strict-ctype", action="store_true", help="an added text/plain is a failure")
    parser.add_argument("--strict-dump", action="store_true", help="no tolerance for a body that was not sent, and for req.url")
    parser.add_argument("-v", "--verbose", action="store_true", help="name the cases that pass as well")
    parser.add_argument("-q", "--quiet", action="store_true", help="print the totals alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    chosen = parser.parse_args(arguments)
    chosen.bases = dict(pair.split("=", 1) for pair in chosen.base)
    if chosen.base_url:
        chosen.bases[chosen.app or "main"] = chosen.base_url
    if not chosen.bases:
        parser.error("give BASE_URL or --base APP=URL")
    return chosen


def _is_chosen(case: Case, chosen: argparse.Namespace) -> bool:
    return (
        case["app"] in chosen.bases
        and chosen.app in (None, case["app"])
        and (not chosen.area or case["area"] in chosen.area)
        and (not chosen.id or chosen.id in case["id"])
        and not any(text in case["id"] for text in chosen.not_id)
        and (not chosen.tier or case["tier"] in chosen.tier.split(","))
        and not (chosen.sensible and case["tier"] == "accident" and "sensible" not in case)
    )


def _run_and_compare(base_url: str, case: Case, options: Options, *, sensible: bool) -> list[str]:
    try:
        answer, places = run_case(base_url, case)
        if sensible and case["tier"] == "accident":
            return compare_sensible(case["sensible"], answer, places)
        return compare(case, answer, options, places)
    except OSError as error:
        return [f"connection failed: {error}"]
    except Exception as error:
        return [f"cannot parse the answer: {error!r}"]


def _print_totals(totals: Counter[tuple[str, str, bool]]) -> None:
    rows = sorted({(area, tier) for area, tier, _ in totals})
    width = max([len(area) for area, _ in rows] + [4])
    print()
    for area, tier in rows:
        print(f"{area:{width}}  {tier:9}  pass {totals[area, tier, True]:4}  fail {totals[area, tier, False]:4}")


if __name__ == "__main__":
    sys.exit(main())
