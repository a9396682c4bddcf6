"""Signed tokens: what is taken, and everything that is refused."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.signing import sign_token, verify_token

KEY = "k" * 64
NOW = 1_700_000_000.5
HEADER = {"alg": "HS256", "typ": "JWT"}


def encode(value):
    text = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forge(header, payload, key=KEY, digest=hashlib.sha256):
    """Make a token of any header and payload, rightly signed."""
    signed = f"{encode(header)}.{encode(payload)}"
    return f"{signed}.{encode(hmac.new(key.encode(), signed.encode(), digest).digest())}"


GOOD = forge(HEADER, {"data": "x"})


def test_a_token_in_full():
    token = sign_token({"data": "ab", "iat": 5}, "key")
    # The same as of any other library for JWT: the header, the payload, and HMAC-SHA256 of both.
    assert token == forge(b'{"alg":"HS256","typ":"JWT"}', b'{"data":"ab","iat":5}', "key")
    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJkYXRhIjoiYWIiLCJpYXQiOjV9.")
    assert verify_token(token, "key", NOW) == {"data": "ab", "iat": 5}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=JSON, key=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_signed_comes_back(value, key):
    assert verify_token(sign_token({"data": value}, key), key, NOW) == {"data": value}


TAKEN = {
    "no type": forge({"alg": "HS256"}, {"data": "x"}),
    "keys in another order": forge({"typ": "JWT", "alg": "HS256"}, {"data": "x"}),
    "a key id": forge({**HEADER, "kid": "1"}, {"data": "x"}),
    "not expired": forge(HEADER, {"data": "x", "exp": NOW + 1}),
    "active": forge(HEADER, {"data": "x", "nbf": NOW}),
    "issued in the future, by a clock that is ahead": forge(HEADER, {"data": "x", "iat": NOW + 60}),
}


@pytest.mark.parametrize("token", TAKEN.values(), ids=TAKEN)
def test_taken(token):
    assert verify_token(token, KEY, NOW)["data"] == "x"


REFUSED = {
    "nothing": "",
    "a word": "garbage",
    "dots": "..",
    "four parts": GOOD + ".a",
    "two parts": GOOD.rpartition(".")[0],
    "no signature": GOOD.rpartition(".")[0] + ".",
    "a space before it": " " + GOOD,
    "a line break after it": GOOD + "\n",
    "padding": GOOD + "=",
    "a letter outside ASCII": GOOD + "é",
    "a digit outside ASCII": GOOD + "٣",
    "another key": forge(HEADER, {"data": "x"}, "other"),
    "an empty key": forge(HEADER, {"data": "x"}, ""),
    "a payload from elsewhere": ".".join([GOOD.split(".")[0], encode({"data": "y"}), GOOD.split(".")[2]]),
    "algorithm none": forge({"alg": "none"}, {"data": "x"}),
    "algorithm None": forge({"alg": None}, {"data": "x"}),
    "no algorithm": forge({"typ": "JWT"}, {"data": "x"}),
    "another spelling of the algorithm": forge({"alg": "hs256"}, {"data": "x"}),
    "another algorithm": forge({"alg": "HS512"}, {"data": "x"}, digest=hashlib.sha512),
    "another algorithm in name alone": forge({"alg": "HS512"}, {"data": "x"}),
    "the algorithm of a public key": forge({"alg": "RS256"}, {"data": "x"}),
    "an extension that must be understood": forge({**HEADER, "crit": ["exp"]}, {"data": "x"}),
    "a header that is no JSON": forge(b"{", {"data": "x"}),
    "a header that is a list": forge(["HS256"], {"data": "x"}),
    "a header that is not UTF-8": forge(b'{"alg":"HS256","a":"\xff"}', {"data": "x"}),
    "a payload that is a text": forge(HEADER, '"x"'),
    "a payload that is a list": forge(HEADER, [1]),
    "a payload that is no JSON": forge(HEADER, b"{"),
    "a payload that is deep": forge(HEADER, b'{"data":' + b"[" * 100_000),
    "a payload in letters that are none of base64": f"{encode(HEADER)}.a",
    "expired": forge(HEADER, {"data": "x", "exp": NOW - 1}),
    "expired now": forge(HEADER, {"data": "x", "exp": NOW}),
    "expired at the beginning of time": forge(HEADER, {"data": "x", "exp": 0}),
    "an expiry as text": forge(HEADER, {"data": "x", "exp": str(NOW + 60)}),
    "an expiry that is null": forge(HEADER, {"data": "x", "exp": None}),
    "an expiry that is true": forge(HEADER, {"data": "x", "exp": True}),
    "an expiry that is a list": forge(HEADER, {"data": "x", "exp": [NOW + 60]}),
    "an expiry that is NaN": forge(HEADER, b'{"data":"x","exp":NaN}'),
    "an expiry without end": forge(HEADER, b'{"data":"x","exp":1e999}'),
    "not active yet": forge(HEADER, {"data": "x", "nbf": NOW + 1}),
    "an activity as text": forge(HEADER, {"data": "x", "nbf": "0"}),
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED)
def test_refused(token):
    assert verify_token(token, KEY, NOW) is None


def test_a_letter_changed_anywhere_is_refused():
    for position, letter in enumerate(GOOD):
        changed = GOOD[:position] + ("A" if letter != "A" else "B") + GOOD[position + 1 :]
        assert verify_token(changed, KEY, NOW) is None, position


@given(st.text())
def test_nothing_that_a_client_sends_raises(token):
    assert verify_token(token, KEY, NOW) is None
