"""The two cookies of draft mode: lines out, and what may be made of a Cookie field."""

import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draft_fakes import ENCRYPTION_KEY, KEYS, MODE_ID, NOW, SIGNING_KEY, cookie_field
from slugline.errors import InvalidHeader, NotSerialisable, ResponseError
from slugline.http.draft_cookies import (
    DraftCookies,
    Preview,
    are_stale,
    clear_draft_cookies,
    find_draft_cookies,
    make_draft_cookie,
    make_preview_cookies,
    read_preview,
)
from slugline.http.signing import sign_token, verify_token

STALE = Preview(stale=True)
EPOCH = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
SALT, IV = b"s" * 64, b"i" * 16


def make(data, *, keys=KEYS, now=NOW, secure=True, **options):
    return make_preview_cookies(keys, data, now_seconds=now, salt=SALT, iv=IV, secure=secure, **options)


def token_of(lines):
    return lines[1].split(";")[0].partition("=")[2]


def read(lines_or_field, keys=KEYS, now=NOW):
    """Give what a browser's cookies say, and check that the quick look agrees."""
    text = lines_or_field if isinstance(lines_or_field, str) else cookie_field(lines_or_field)
    cookies = find_draft_cookies(text.encode("latin-1"))
    if cookies is None:
        return None
    preview = read_preview(cookies, keys, now)
    assert not are_stale(cookies, keys, now) or preview == STALE
    return preview


@pytest.fixture
def without_cryptography(monkeypatch):
    for name in ("cryptography.exceptions", "cryptography.hazmat.primitives.ciphers.aead"):
        monkeypatch.setitem(sys.modules, name, None)


# Out


@pytest.mark.parametrize(("secure", "attributes"), [(True, "HttpOnly; Secure; SameSite=None"), (False, "HttpOnly; SameSite=Lax")])
def test_the_lines_in_full(secure, attributes):
    assert make_draft_cookie(KEYS, enable=True, secure=secure) == f"__prerender_bypass={MODE_ID}; Path=/; {attributes}"
    assert make_draft_cookie(KEYS, enable=False, secure=secure) == f"__prerender_bypass={MODE_ID}; Path=/; {EPOCH}; {attributes}"
    bypass, data = make({"a": 1}, secure=secure)
    assert bypass == f"__prerender_bypass={MODE_ID}; Path=/; {attributes}"
    assert data == f"__next_preview_data={token_of([bypass, data])}; Path=/; {attributes}"
    bypass, data = make({"a": 1}, secure=secure, max_age_seconds=60, path="/x")
    assert bypass == f"__prerender_bypass={MODE_ID}; Max-Age=60; Path=/x; {attributes}"
    assert data == f"__next_preview_data={token_of([bypass, data])}; Max-Age=60; Path=/x; {attributes}"
    assert clear_draft_cookies(secure=secure) == [
        f"__prerender_bypass=; Path=/; {EPOCH}; {attributes}",
        f"__next_preview_data=; Path=/; {EPOCH}; {attributes}",
    ]
    assert clear_draft_cookies(secure=secure, path="/x")[0] == f"__prerender_bypass=; Path=/x; {EPOCH}; {attributes}"


def test_the_token_says_when_it_was_made_and_for_how_long():
    payload = verify_token(token_of(make("x")), SIGNING_KEY, NOW)
    assert list(payload) == ["data", "iat"]
    assert payload["iat"] == int(NOW)
    payload = verify_token(token_of(make("x", max_age_seconds=60)), SIGNING_KEY, NOW)
    assert list(payload) == ["data", "iat", "exp"]
    assert payload["exp"] == int(NOW) + 60


def test_the_data_begins_with_salt_and_iv_and_is_hidden():
    sealed = bytes.fromhex(verify_token(token_of(make("a secret")), SIGNING_KEY, NOW)["data"])
    assert sealed.startswith(SALT + IV)
    assert len(sealed) == 64 + 16 + 16 + len('"a secret"')
    assert b"secret" not in sealed


def test_data_that_is_too_large_is_refused():
    assert len(token_of(make("x" * 600))) <= 2048
    with pytest.raises(ResponseError, match=r"limited to 2048 characters .* this is \d{4}\. Put an id into it"):
        make("x" * 900)


def test_the_limit_is_the_tokens_length():
    largest = next(size for size in range(700, 0, -1) if fits("x" * size))
    assert 2045 <= len(token_of(make("x" * largest))) <= 2048  # a letter more takes three or so


def fits(data):
    try:
        make(data)
    except ResponseError:
        return False
    return True


@pytest.mark.parametrize("age", [-1, 1.5, "60", True, float("nan")], ids=repr)
def test_a_bad_age_is_refused(age):
    with pytest.raises(ResponseError, match="a max_age in seconds, a whole number from 0 up"):
        make({}, max_age_seconds=age)


@pytest.mark.parametrize("path", ["", "x", "/a;b", "/é", "/a\r\nb"])
def test_a_bad_path_is_refused(path):
    with pytest.raises(InvalidHeader, match="path is"):
        make({}, path=path)
    with pytest.raises(InvalidHeader, match="path is"):
        clear_draft_cookies(secure=True, path=path)


@pytest.mark.parametrize("data", [{1, object()}, float("nan"), "\ud800"], ids=repr)
def test_data_that_json_cannot_carry_is_refused(data):
    with pytest.raises(NotSerialisable):
        make(data)


# In


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("", None),
        ("a=1", None),
        ("__prerender_bypass=; __next_preview_data=", None),
        ("__prerender_bypassed=1", None),
        ("__prerender_bypass", None),
        ("x=__prerender_bypass", None),
        ("__prerender_bypass=a", ("a", "")),
        ("a=1;__next_preview_data=b", ("", "b")),
        ("__prerender_bypass=a; x=1; __next_preview_data=b", ("a", "b")),
        ("__prerender_bypass=near; __prerender_bypass=far", ("far", "")),
        ("__prerender_bypass=%20a", (" a", "")),
    ],
)
def test_the_cookies_are_found(field, found):
    assert find_draft_cookies(field.encode()) == (None if found is None else DraftCookies(*found))


def test_draft_mode_alone():
    assert read([make_draft_cookie(KEYS, enable=True, secure=True)]) == Preview(on=True, data={})


@pytest.mark.parametrize("data", [{"user": "ann"}, {}, "token", "", 5, None, False, [1, None, "é世🎉"], {"ключ": {"a": [[]]}}], ids=repr)
def test_data_comes_back(data):
    assert read(make(data)) == Preview(on=True, data=data)
    assert read(make(data, max_age_seconds=1, path="/x")) == Preview(on=True, data=data)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(deadline=None)
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=4,
    )
)
def test_any_data_comes_back(data):
    if fits(data):
        assert read(make(data)) == Preview(on=True, data=data)


def test_each_reader_has_its_own_copy():
    lines = make({"list": []})
    read(lines).data["list"].append(1)
    assert read(lines).data == {"list": []}


def test_age():
    lines = make({"a": 1}, max_age_seconds=60)
    assert read(lines, now=int(NOW) + 59.9).on
    assert read(lines, now=int(NOW) + 60) == STALE
    assert read(make({}, max_age_seconds=0)) == STALE
    assert read(make({}), now=NOW + 10**9).on


DATA = token_of(make({"user": "ann"}))
BOTH = f"__prerender_bypass={MODE_ID}; __next_preview_data="


def sealed_of(token):
    return verify_token(token, SIGNING_KEY, NOW)["data"]


def signed(payload):
    return BOTH + sign_token(payload, SIGNING_KEY)


OFF_AND_CLEARED = {
    "a wrong id": "__prerender_bypass=deadbeef",
    "an id with another letter": f"__prerender_bypass={MODE_ID[:-1]}0",
    "an id in capitals": f"__prerender_bypass={MODE_ID.upper()}",
    "the beginning of the id": f"__prerender_bypass={MODE_ID[:8]}",
    "an id outside ASCII": "__prerender_bypass=\xe9\xff",
    "an encoded id outside ASCII": "__prerender_bypass=%E4%B8%96",
    "data without an id": f"__next_preview_data={DATA}",
    "data with an empty id": f"__prerender_bypass=; __next_preview_data={DATA}",
    "data with a wrong id": f"__prerender_bypass=x; __next_preview_data={DATA}",
    "two wrong cookies": "__prerender_bypass=x; __next_preview_data=y",
    "garbage": BOTH + "garbage",
    "the id as data": BOTH + MODE_ID,
    "a token without its end": BOTH + DATA[:-1],
    "a token with a changed letter": BOTH + DATA[:60] + ("A" if DATA[60] != "A" else "B") + DATA[61:],
    "a token of another signing key": BOTH + token_of(make({}, keys=replace(KEYS, signing_key="another key of ours"))),
    "a token of another encryption key": BOTH + token_of(make({}, keys=replace(KEYS, encryption_key="another key of ours"))),
    "an expired token": BOTH + token_of(make({}, now=NOW - 100, max_age_seconds=50)),
    "a token that holds nothing": signed({}),
    "a token with empty data": signed({"data": ""}),
    "a token with a number": signed({"data": 5}),
    "a token with data that is not hexadecimal": signed({"data": "xyz" * 100}),
    "a token with half a digit": signed({"data": sealed_of(DATA)[:-1]}),
    "a token with short data": signed({"data": "00" * 80}),
    "a token with an empty text": signed({"data": "00" * 96}),
    "a token with changed data": signed({"data": "00" + sealed_of(DATA)[2:]}),
    "a token with data outside ASCII": signed({"data": "é" * 300}),
}


@pytest.mark.parametrize("field", OFF_AND_CLEARED.values(), ids=OFF_AND_CLEARED)
def test_what_we_did_not_make_is_off(field):
    assert read(field) == STALE


@pytest.mark.parametrize("plain", [b"", b"{", b"\xff", b"[" * 600], ids=["nothing", "half", "no UTF-8", "deep"])
def test_data_that_is_no_json_is_off(plain, monkeypatch):
    monkeypatch.setattr("slugline.http.draft_cookies.encode_json", lambda data: plain)
    assert read(make("x")) == STALE


def test_without_keys_no_cookie_is_right():
    assert read(make({}), keys=None) == STALE
    assert read("__prerender_bypass=; a=1", keys=None) is None


@given(mode_id=st.text(), token=st.text())
def test_nothing_that_a_client_sends_raises(mode_id, token):
    for given_id in (mode_id, MODE_ID):
        if given_id.isascii() or given_id.encode("utf-8", "ignore").decode() == given_id:
            assert read_preview(DraftCookies(given_id, token), KEYS, NOW) in (STALE, Preview(on=True, data={}))


@given(st.binary())
def test_no_cookie_field_raises(octets):
    for field in (octets, b"__prerender_bypass=" + octets, b"__next_preview_data=" + octets + b";__prerender_bypass=" + MODE_ID.encode()):
        cookies = find_draft_cookies(field)
        assert cookies is None or isinstance(read_preview(cookies, KEYS, NOW), Preview)


def test_a_key_is_derived_for_signed_data_alone(monkeypatch):
    derived = []
    monkeypatch.setattr("slugline.http.draft_cookies._derive_key", lambda *arguments: derived.append(arguments) or b"k" * 32)
    for field in list(OFF_AND_CLEARED.values())[:14]:
        read(field)
    assert derived == []
    read(BOTH + DATA)
    assert derived == [(ENCRYPTION_KEY, SALT)]


def test_the_quick_look_derives_no_key(monkeypatch):
    monkeypatch.setattr("slugline.http.draft_cookies._derive_key", None)
    assert not are_stale(DraftCookies(MODE_ID, DATA), KEYS, NOW)
    assert are_stale(DraftCookies(MODE_ID, DATA + "A"), KEYS, NOW)


def test_keys_and_cookies_do_not_show_in_logs():
    assert repr(KEYS) == "PreviewKeys()"
    assert repr(DraftCookies("a", "b")) == "DraftCookies()"


# Without the package cryptography


def test_draft_mode_alone_needs_no_package(without_cryptography):
    assert read([make_draft_cookie(KEYS, enable=True, secure=True)]) == Preview(on=True, data={})
    assert read(OFF_AND_CLEARED["garbage"]) == STALE


def test_data_needs_the_package(without_cryptography):
    with pytest.raises(RuntimeError, match=r'pip install "slugline\[preview\]"'):
        make({})


def test_data_of_another_server_is_known_to_be_there(without_cryptography):
    assert read(BOTH + DATA) == Preview(on=True, sealed=True)
