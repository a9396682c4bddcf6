"""Which origins name the host that was asked; more of them in tests/schema/test_form.py."""

import pytest

from slugline.http.headers import Headers
from slugline.http.same_origin import names_asked_host

# origin, Host, X-Forwarded-Host, whether it is the same
CASES: dict[str, tuple[str, str, str, bool]] = {
    "the same": ("https://a.example", "a.example", "", True),
    "with its port": ("http://a.example:3000", "a.example:3000", "", True),
    "IPv6": ("http://[::1]:3000", "[::1]:3000", "", True),
    "a host that is none": ("http://a.example", "a.example:x", "", False),
    "a bracket too few": ("http://[::1", "[::1]", "", False),
    "null": ("null", "null", "", False),
    "nothing": ("", "", "", False),
    "the first of several proxies": ("https://a.example", "10.0.0.1", "a.example, 10.0.0.2", True),
    "an inner proxy": ("https://b.example", "10.0.0.1", "a.example, b.example", False),
}


@pytest.mark.parametrize(("origin", "host", "forwarded", "expected"), CASES.values(), ids=CASES)
def test_which_origins_name_the_host(origin: str, host: str, forwarded: str, expected: bool) -> None:
    headers = Headers([(b"host", host.encode()), *([(b"x-forwarded-host", forwarded.encode())] if forwarded else [])])
    assert names_asked_host(origin, headers) is expected
