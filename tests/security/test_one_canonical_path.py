"""One path for all: what the middleware saw and what answered are the same path, and no spelling of it gets past a guard.

Whole projects, asked in memory with raw paths made at random: letters as escapes in both cases, encoded twice, in overlong UTF-8, in
capitals, of full width; slashes repeated, encoded, as backslashes; dots, NUL, semicolons. Redirects of slashes are followed.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slugline import create_app
from slugline.adapters.asgi import AsgiAdapter
from user_modules import own_modules

SAFE = "!$&'()*+,;=:@-._~"
EXAMPLES_EACH = 1_700
MOST_REDIRECTS = 4
GUARDED = ("/api/guard", "/private", "/api/app/admin")

HANDLER = "def handler(req, res):\n    res.json({'params': req.params, 'route': req.route, 'secret': %s})\n".replace("def", "async def", 1)
MOUNTED = """
import json

async def app(scope, receive, send):
    below = scope["path"].removeprefix(scope["root_path"])
    secret = below == "/admin" or below.startswith("/admin/")
    body = json.dumps({"mounted": scope["path"], "secret": secret}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
"""
BY_MATCHER = f"""
from slugline.middleware import go_on, respond

config = {{"matcher": {[f"{prefix}/:path*" for prefix in GUARDED]}}}

async def middleware(req):
    if "authorization" not in req.headers:
        return respond(status=401)
    return go_on(headers={{"x-seen": req.next_url.path}})
"""
# A check of the text, which the real thing gets wrong when it sees a path as it was sent.
BY_TEXT = f"""
from slugline.middleware import go_on, respond

async def middleware(req):
    path = req.path.removesuffix("/")
    if any(path == prefix or path.startswith(prefix + "/") for prefix in {GUARDED}) and "authorization" not in req.headers:
        return respond(status=401)
    return go_on(headers={{"x-seen": req.next_url.path}})
"""
RULES = """
def rewrites():
    return {
        "beforeFiles": [{"source": "/into/:path*", "destination": "/api/guard/:path*"}],
        "afterFiles": [{"source": "/late/:path*", "destination": "/api/:path*"}],
        "fallback": [{"source": "/:any*", "destination": "/api/open/:any*"}],
    }
"""
FILES = {
    "pages/api/guard/[[...path]].py": HANDLER % True,
    "pages/api/guard/deep/plain.py": HANDLER % True,
    "pages/api/guard/one/[id].py": HANDLER % True,
    "pages/api/open/[[...path]].py": HANDLER % False,
    "pages/api/[...all].py": HANDLER % False,
    "pages/private/[name].html": "SECRET {{ params.name }}",
    "pages/private/[name].py": "def get_server_side_props(context):\n    return {'props': {'params': context.params}}\n",
    "public/private/notes.txt": "SECRET",
    "public/private/a b.txt": "SECRET",
    "pages/api/app/[[...path]].py": MOUNTED,
}
SLASHES = {"plain": "", "trailing": "trailing_slash = True\n", "skip": "skip_trailing_slash_redirect = True\n"}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_secret(self) -> bool:
        return b"SECRET" in self.body or b'"secret": true' in self.body.replace(b'":true', b'": true')


class Site:
    """A project of this file, asked in memory."""

    def __init__(self, app: AsgiAdapter, base: str) -> None:
        self.app = app
        self.base = base
        self.runner = asyncio.Runner()
        self.runner.run(app.app.start())

    def ask(self, raw_path: bytes, *, allowed: bool) -> Answer:
        """Ask for a raw path, and follow the redirects of slashes."""
        for _ in range(MOST_REDIRECTS):
            answer = self.runner.run(self._ask(raw_path, allowed=allowed))
            location = answer.headers.get("location")
            if answer.status != 308 or location is None:
                break
            assert location.startswith("/")
            assert not location.startswith(("//", "/\\"))
            raw_path = location.encode()
        return answer

    async def _ask(self, raw_path: bytes, *, allowed: bool) -> Answer:
        fields = [(b"host", b"localhost"), *([(b"authorization", b"x")] if allowed else [])]
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "http_version": "1.1",
            "server": ("127.0.0.1", 3000),
            "client": ("127.0.0.1", 9),
            "path": unquote(raw_path.decode("latin-1"), errors="surrogateescape"),
            "raw_path": raw_path,
            "query_string": b"",
            "headers": fields,
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent[0].get("headers", ())}
        return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    def close(self) -> None:
        self.runner.run(self.app.app.stop())
        self.runner.close()


@pytest.fixture(params=[(base, slash, by) for base in ("", "/docs") for slash in SLASHES for by in ("matcher", "text")], ids="-".join)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    base, slash, by = request.param
    config = f"base_path = {base!r}\n{SLASHES[slash]}{RULES}"
    for name, text in {**FILES, "middleware.py": BY_MATCHER if by == "matcher" else BY_TEXT, "slugline.config.py": config}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with own_modules():
        opened = Site(create_app(tmp_path), base)
        yield opened
        opened.close()


# Paths

BEGINNINGS = (
    ["api", "guard"],
    ["api", "guard"],
    ["api", "app", "admin"],
    ["private"],
    ["api", "app"],
    ["api", "open"],
    ["into"],
    ["late"],
    [],
)
SEGMENTS = ("guard", "deep", "plain", "one", "x", "admin", "notes.txt", "a b.txt", "api", "é", "a/b", "index", "%67uard", "secret.json")


def escape(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def overlong(character: str) -> str:
    """Write a character of ASCII in two bytes, which no decoder of UTF-8 may take."""
    return f"%{0xC0 | ord(character) >> 6:02X}%{0x80 | ord(character) & 0x3F:02X}" if character.isascii() else escape(character)


def full_width(character: str) -> str:
    return escape(chr(ord(character) + 0xFEE0)) if "!" <= character <= "~" else escape(character)


def plain(character: str) -> str:
    return quote(character, safe=SAFE)


SPELLINGS = [
    *[plain] * 12,
    *[escape] * 8,
    *[lambda character: escape(character).lower()] * 6,
    lambda character: escape(character).replace("%", "%25"),
    lambda character: "".join(f"%25%{ord(digit):02x}%{ord(other):02X}" for digit, other in [f"{ord(character) & 0xFF:02x}"]),
    str.upper,
    overlong,
    full_width,
    lambda character: plain(character) + "%00",
    lambda character: plain(character) + ";",
    lambda character: plain(character) + ".",
    lambda character: plain(character) + "%20",
    lambda character: plain(character) + "%",
    lambda character: plain(character) + "%u0061",
    lambda character: character,
]
SEPARATORS = [
    *["/"] * 24,
    *(
        "//",
        "///",
        "\\",
        "/\\",
        "/./",
        "/../",
        "/%2e/",
        "/%2E%2e/",
        "%2F",
        "%2f",
        "%5C",
        "%5c",
        "%252F",
        "%C0%AF",
        "/;/",
        "/x/../",
        "/%20/",
        "/.",
    ),
]
ENDS = [*[""] * 6, "/", "/", "//", "\\", ".", "%2F", "%00", ".json", ";x", "/index", "%20", "#", "/."]


def spell(base: str, parts: list[str], tape: bytes, end: int) -> bytes:
    """Spell a path; each byte of the tape says how the next character or slash is written."""
    codes = iter(tape)
    text = ""
    for part in [*base.split("/")[1:], *parts]:
        text += SEPARATORS[next(codes, 0) % len(SEPARATORS)]
        text += "".join(SPELLINGS[next(codes, 0) % len(SPELLINGS)](character) for character in part)
    return (text or "/").encode("latin-1", "replace") + ENDS[end % len(ENDS)].encode()


PARTS = st.builds(lambda beginning, rest: beginning + rest, st.sampled_from(BEGINNINGS), st.lists(st.sampled_from(SEGMENTS), max_size=3))


def answered_path(answer: Answer, base: str) -> str | None:
    """Give the canonical path that whoever answered stands for, from what it was told; None where that is not one of the handlers."""
    if answer.status != 200 or not answer.headers.get("content-type", "").startswith("application/json"):
        return None
    found = json.loads(answer.body)
    if "mounted" in found:
        return quote(found["mounted"].removeprefix(base), safe=SAFE + "/").removesuffix("/")
    path = found["route"]
    for name, value in found["params"].items():
        segments = [value] if isinstance(value, str) else value
        written = "/".join(quote(segment, safe=SAFE) for segment in segments)
        path = path.replace(f"[[...{name}]]", written).replace(f"[...{name}]", written).replace(f"[{name}]", written)
    return path.replace("/[[...path]]", "")


def test_no_spelling_gets_past_a_guard(site: Site) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES_EACH, deadline=None, database=None)
    @given(PARTS, st.binary(max_size=24), st.integers(0, len(ENDS) - 1))
    def check(parts: list[str], tape: bytes, end: int) -> None:
        raw_path = spell(site.base, parts, tape, end)
        stranger = site.ask(raw_path, allowed=False)
        friend = site.ask(raw_path, allowed=True)
        own_rule = parts[:1] in (["into"], ["late"])
        assert own_rule or not stranger.is_secret, raw_path
        # A guard keeps strangers from what is there, and changes nothing else.
        assert stranger.status in {friend.status, 401}, raw_path
        assert own_rule or not friend.is_secret or (stranger.status == 401 and "x-seen" in friend.headers), raw_path
        path = answered_path(friend, site.base)
        if "x-seen" in friend.headers and path is not None and not own_rule:
            shown = friend.headers["x-seen"]
            # What nothing else answers, the fallback takes.
            assert path == (shown.removesuffix("/") or "/") or path == f"/api/open{shown.removesuffix('/')}", raw_path
            seen["same path"] += 1
        seen[str(friend.status)] += 1
        seen["secret"] += friend.is_secret and not own_rule
        seen["secret by an odd spelling"] += friend.is_secret and not own_rule and b"%" in raw_path

    check()
    # It is a test only if it comes to where there is something to get past.
    assert seen["secret by an odd spelling"] > EXAMPLES_EACH / 30, seen
    assert seen["same path"] > EXAMPLES_EACH / 30, seen
