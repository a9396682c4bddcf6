"""Who is let in: requests of a page on this machine, and nobody else's."""

import pytest

from slugline.dev.local import is_local_request, is_trusted_host

HOSTS = [
    ("localhost", True),
    ("localhost:3000", True),
    ("LOCALHOST:3000", True),
    ("app.localhost:3000", True),
    ("127.0.0.1", True),
    ("127.0.0.1:3000", True),
    ("127.9.8.7:3000", True),
    ("[::1]", True),
    ("[::1]:3000", True),
    ("dev.box:3000", True),  # the --host that was given
    ("", False),
    ("evil.example", False),  # DNS rebinding: a foreign name that resolves to 127.0.0.1
    ("evil.example:3000", False),
    ("localhost.evil.example", False),
    ("127.0.0.1.evil.example", False),
    ("evil-localhost", False),
    ("notlocalhost:3000", False),
    ("localhost@evil.example", False),
    ("0.0.0.0:3000", False),
    ("192.168.1.5:3000", False),
    ("10.0.0.1", False),
    ("8.8.8.8", False),
    ("2130706433", False),  # 127.0.0.1 as one number
    ("0x7f.1", False),
    ("127.1", False),
    ("[::]:3000", False),
    ("[fe80::1]", False),
    ("[::1", False),
    ("[v1.x]:80", False),
    ("localhost, evil.example", False),
    ("localhost:3000, evil.example", False),
    ("evil.example@localhost", False),
    ("evil.example:80@localhost", False),
    ("localhost/evil.example", False),
    ("localhost#evil.example", False),
    ("localhost:", False),
    ("localhost.", False),  # no browser needs it, and no name server has been asked for it
    ("localhost:3000\n", False),
    ("\u0661\u0662\u0667.0.0.1", False),
    ("a b", False),
    ("null", False),
]


@pytest.mark.parametrize(("host", "expected"), HOSTS)
def test_is_trusted_host(host: str, expected: bool) -> None:
    assert is_trusted_host(host, {"dev.box"}) is expected


OURS = [("host", "localhost:3000")]
REQUESTS = [
    ("curl", OURS, True),
    ("a page opened by hand", [*OURS, ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], True),
    ("a fetch of our page", [*OURS, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], True),
    ("a POST of our page", [*OURS, ("origin", "http://localhost:3000"), ("sec-fetch-site", "same-origin")], True),
    ("a page on another port of this machine", [*OURS, ("origin", "http://localhost:5173"), ("sec-fetch-site", "same-site")], True),
    ("a page on another local name", [*OURS, ("origin", "http://127.0.0.1:3000")], True),
    ("https in front", [*OURS, ("origin", "https://localhost")], True),
    ("IPv6", [("host", "[::1]:3000"), ("origin", "http://[::1]:3000")], True),
    ("behind next dev", [("host", "127.0.0.1:3901"), ("x-forwarded-host", "localhost:3000")], True),
    ("a link on a foreign page", [*OURS, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], True),
    ("no Host", [], False),
    ("two Hosts", [*OURS, ("host", "localhost:3000")], False),
    ("two Hosts, one foreign", [*OURS, ("host", "evil.example")], False),
    ("DNS rebinding", [("host", "evil.example:3000"), ("sec-fetch-site", "same-origin")], False),
    ("DNS rebinding, with its Origin", [("host", "evil.example:3000"), ("origin", "http://evil.example:3000")], False),
    ("DNS rebinding through next dev", [("host", "127.0.0.1:3901"), ("x-forwarded-host", "evil.example")], False),
    ("a forwarded list", [("host", "127.0.0.1"), ("x-forwarded-host", "localhost, evil.example")], False),
    ("a tunnel to next dev", [("host", "127.0.0.1"), ("x-slugline-forwarded-host", "a.tunnel.example")], False),
    ("two forwarded fields", [("host", "127.0.0.1"), ("x-forwarded-host", "localhost"), ("x-forwarded-host", "evil.example")], False),
    ("a fetch of a foreign page", [*OURS, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], False),
    ("an old browser's fetch of a foreign page", [*OURS, ("origin", "https://evil.example")], False),
    ("a script tag of a foreign page", [*OURS, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], False),
    (
        "a form of a foreign page",
        [*OURS, ("origin", "https://evil.example"), *[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]],
        False,
    ),
    ("a form of a sandboxed page", [*OURS, ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], False),
    ("a sandboxed frame", [*OURS, ("origin", "null")], False),
    ("a browser extension", [*OURS, ("origin", "chrome-extension://localhost")], False),
    ("a file", [*OURS, ("origin", "file://")], False),
    ("Origin without scheme", [*OURS, ("origin", "localhost:3000")], False),
    ("Origin of a look-alike", [*OURS, ("origin", "http://localhost.evil.example")], False),
    ("Origin with a user name", [*OURS, ("origin", "http://localhost@evil.example")], False),
    ("two Origins, one foreign", [*OURS, ("origin", "http://localhost:3000"), ("origin", "http://evil.example")], False),
    ("an empty Origin", [*OURS, ("origin", "")], False),
    ("bytes that are no text", [("host", "\xff\xfe")], False),
]


@pytest.mark.parametrize(("fields", "expected"), [case[1:] for case in REQUESTS], ids=[case[0] for case in REQUESTS])
def test_is_local_request(fields: list[tuple[str, str]], expected: bool) -> None:
    assert is_local_request([(name.encode(), value.encode("latin-1")) for name, value in fields]) is expected


def test_the_given_host_is_trusted_whatever_its_case() -> None:
    assert is_local_request([(b"host", b"Dev.Box:3000"), (b"origin", b"http://dev.box:3000")], {"dev.box"})
