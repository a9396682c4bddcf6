"""Draft mode beside Next.js itself: the same keys and cookies, one Node process, and each side reads what the other has made."""

import json
import random
import subprocess
from dataclasses import asdict
from typing import Any

import pytest

from draft_fakes import ENCRYPTION_KEY, KEYS, MODE_ID, NOW, SIGNING_KEY, FakeSource, ask, cookie_field, set_cookies
from node import NPM, find_node
from slugline.errors import ResponseError
from slugline.http.signing import sign_token

NAMES = {"mode_id": "previewModeId", "signing_key": "previewModeSigningKey", "encryption_key": "previewModeEncryptionKey"}
BYPASS = f"__prerender_bypass={MODE_ID}"

# Code points of one, two, three and four bytes; controls, quotes, a byte order mark, a combining mark, and what JSON or a script escapes.
LETTERS = (
    "".join(map(chr, range(0x20, 0x7F))) + '\0\t\n\r\x1f\x7f\x80"\\/<>&éßøЖא\u0301\u2028\u2029\ufeff\ufffd\uffff世界한🎉👩‍🚀\U0010ffff'
)


def make_value(choose: random.Random, depth: int = 0) -> Any:
    """Make a value that both languages have: whole numbers beyond 2**53 lose digits in JavaScript."""
    kind = choose.randrange(8 if depth < 3 else 6)
    if kind < 3:
        return "".join(choose.choices(LETTERS, k=choose.randrange(30)))
    if kind == 3:
        return choose.randrange(-(2**53), 2**53)
    if kind == 4:
        return choose.uniform(-1e6, 1e6)
    if kind == 5:
        return choose.choice([None, True, False, 0, "", [], {}])
    inner = [make_value(choose, depth + 1) for _ in range(choose.randrange(4))]
    return inner if kind == 6 else {"".join(choose.choices(LETTERS, k=choose.randrange(6))): value for value in inner}


def make_values(count: int) -> list[Any]:
    choose = random.Random(16)
    values: list[Any] = []
    while len(values) < count:
        value = make_value(choose)
        if value is not False and len(json.dumps(value, ensure_ascii=False).encode()) < 500:
            values.append(value)
    return values


VALUES = [*make_values(60), {"user": "ann"}, {}, "token", "", None, True, 0, "世界 🎉", {"__proto__": {"a": 1}, "ключ": ["é"]}]


class NextJs:
    """The functions of Next.js, with the keys of draft_fakes and its clock."""

    def __init__(self, node: str) -> None:
        self._node = node

    def ask(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Have Next.js do jobs, see npm/ask_next.cjs."""
        keys = {NAMES[name]: value for name, value in asdict(KEYS).items()}
        given = json.dumps({"now_seconds": NOW, "keys": keys, "jobs": jobs})
        outcome = subprocess.run(
            [self._node, "ask_next.cjs"], cwd=NPM, input=given, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
        )
        assert outcome.returncode == 0, outcome.stderr
        answers: list[dict[str, Any]] = json.loads(outcome.stdout)
        assert len(answers) == len(jobs)
        return answers


@pytest.fixture(scope="module")
def nextjs() -> NextJs:
    return NextJs(find_node())


def answer(*calls: list[Any], mode: str = "production", set_cookie: list[str] | None = None) -> dict[str, Any]:
    job = {"do": "answer", "mode": mode, "calls": calls}
    return job if set_cookie is None else {**job, "set_cookie": set_cookie}


def read(cookie: str, mode: str = "production") -> dict[str, Any]:
    return {"do": "read", "mode": mode, "cookie": cookie}


def read_here(cookie: str, source: FakeSource | None = None) -> dict[str, Any]:
    """Give what `read` gives, from this side."""
    request, response = ask(cookie, source)
    data = request.preview_data if request.draft_mode else False
    return {"draft_mode": request.draft_mode, "preview_data": data, "set_cookie": set_cookies(request, response) or None, "error": None}


def set_here(data: Any, **options: Any) -> list[str]:
    request, response = ask()
    return set_cookies(request, response.set_preview_data(data, **options))


def test_next_js_reads_what_we_set(nextjs: NextJs) -> None:
    assert len(VALUES) >= 50
    answers = nextjs.ask(*(read(cookie_field(set_here(value))) for value in VALUES))
    expected = [{"draft_mode": True, "preview_data": value, "set_cookie": None, "error": None} for value in VALUES]
    assert answers == expected


def test_we_read_what_next_js_sets(nextjs: NextJs) -> None:
    answers = nextjs.ask(*(answer(["setPreviewData", value]) for value in VALUES))
    for value, theirs in zip(VALUES, answers, strict=True):
        expected = {"draft_mode": True, "preview_data": value, "set_cookie": None, "error": None}
        assert read_here(cookie_field(theirs["set_cookie"])) == expected


def test_a_text_that_python_cannot_print_is_read(nextjs: NextJs) -> None:
    [theirs] = nextjs.ask(answer(["setPreviewData", "half \ud83c of it"]))
    assert read_here(cookie_field(theirs["set_cookie"]))["preview_data"] == "half \ud83c of it"


def test_data_that_is_false_is_data(nextjs: NextJs) -> None:
    cookie = cookie_field(set_here(False))
    [theirs] = nextjs.ask(read(cookie))
    # NEXTJS: there, false also stands for "no data", and so for "off".
    assert (theirs["draft_mode"], theirs["set_cookie"]) == (False, None)
    assert read_here(cookie) == {"draft_mode": True, "preview_data": False, "set_cookie": None, "error": None}


def without_token(lines: list[str]) -> list[str]:
    """Replace the token, whose salt differs, by its length and its payload's keys."""
    texts = []
    for line in lines:
        pair, *attributes = line.split("; ")
        name, _, value = pair.partition("=")
        texts.append("; ".join([f"{name}={len(value)} characters" if value.startswith("ey") else pair, *attributes]))
    return texts


LINES: dict[str, tuple[list[list[Any]], Any]] = {
    "draft on": ([["setDraftMode"]], lambda res: res.set_draft_mode()),
    "draft on, said so": ([["setDraftMode", {"enable": True}]], lambda res: res.set_draft_mode(enable=True)),
    "draft off": ([["setDraftMode", {"enable": False}]], lambda res: res.set_draft_mode(enable=False)),
    "data": ([["setPreviewData", {"a": "é"}]], lambda res: res.set_preview_data({"a": "é"})),
    "data for a time": ([["setPreviewData", 1, {"maxAge": 60}]], lambda res: res.set_preview_data(1, max_age=60)),
    "data for no time": ([["setPreviewData", 1, {"maxAge": 0}]], lambda res: res.set_preview_data(1, max_age=0)),
    "data for a path": ([["setPreviewData", 1, {"path": "/x"}]], lambda res: res.set_preview_data(1, path="/x")),
    "data for both": ([["setPreviewData", 1, {"maxAge": 5, "path": "/x"}]], lambda res: res.set_preview_data(1, max_age=5, path="/x")),
    "clear": ([["clearPreviewData"]], lambda res: res.clear_preview_data()),
    "clear a path": ([["clearPreviewData", {"path": "/x"}]], lambda res: res.clear_preview_data(path="/x")),
    "clear twice": ([["clearPreviewData"], ["clearPreviewData"]], lambda res: res.clear_preview_data().clear_preview_data()),
    "set and clear": ([["setPreviewData", 1], ["clearPreviewData"]], lambda res: res.set_preview_data(1).clear_preview_data()),
    "set twice": ([["setDraftMode"], ["setDraftMode"]], lambda res: res.set_draft_mode().set_draft_mode()),
}


@pytest.mark.parametrize("mode", ["production", "development"])
def test_the_same_lines(nextjs: NextJs, mode: str) -> None:
    cookies = [None, ["mine=1"], ["mine=1", "too=2"]]
    cases = [(name, calls, act, before) for name, (calls, act) in LINES.items() for before in cookies]
    answers = nextjs.ask(*(answer(*calls, mode=mode, set_cookie=before) for _, calls, _, before in cases))
    for (name, _, act, before), theirs in zip(cases, answers, strict=True):
        request, response = ask(source=FakeSource(secure=mode == "production"))
        if before is not None:
            response.set_header("set-cookie", before)
        act(response)
        assert without_token(set_cookies(request, response)) == without_token(theirs["set_cookie"]), name


def test_the_same_limit(nextjs: NextJs) -> None:
    def fits_here(size: int) -> bool:
        try:
            return bool(set_here("é" * size, max_age=60))
        except ResponseError:
            return False

    largest = next(size for size in range(400, 0, -1) if fits_here(size))
    sizes = [largest - 1, largest, largest + 1]
    answers = nextjs.ask(*(answer(["setPreviewData", "é" * size, {"maxAge": 60}]) for size in sizes))
    assert [each["error"] is None for each in answers] == [True, True, False]
    assert answers[2]["error"].startswith("Preview data is limited to 2KB")


def test_the_same_time_of_expiry(nextjs: NextJs) -> None:
    [theirs] = nextjs.ask(answer(["setPreviewData", "x", {"maxAge": 60}]))
    cookie = cookie_field(theirs["set_cookie"])
    assert read_here(cookie, FakeSource(now=int(NOW) + 59))["draft_mode"]
    assert not read_here(cookie, FakeSource(now=int(NOW) + 61))["draft_mode"]


def token_of(lines: list[str]) -> str:
    return lines[1].split(";")[0].partition("=")[2]


def make_cookies() -> dict[str, str]:
    """Make Cookie fields, most of which say nothing."""
    good = token_of(set_here({"user": "ann"}))
    strange = FakeSource().with_keys(signing_key="s" * 64)
    request, response = ask(source=strange)
    foreign = token_of(set_cookies(request, response.set_preview_data({"user": "eve"})))
    request, response = ask(source=FakeSource(now=NOW - 100))
    expired = token_of(set_cookies(request, response.set_preview_data({}, max_age=50)))
    both = f"{BYPASS}; __next_preview_data="
    tampered = good[:70] + ("A" if good[70] != "A" else "B") + good[71:]
    return {
        "none": "a=1",
        "draft": BYPASS,
        "draft among others": f"a=1; {BYPASS}; b=2",
        "draft without spaces": f"a=1;{BYPASS};b=2",
        "both": both + good,
        "both, the other way round": f"__next_preview_data={good}; {BYPASS}",
        "wrong id": "__prerender_bypass=deadbeef",
        "id in capitals": BYPASS.upper().replace("__PRERENDER_BYPASS", "__prerender_bypass"),
        "id and more": f"{BYPASS}0",
        "data only": f"__next_preview_data={good}",
        "data and an empty id": f"__prerender_bypass=; __next_preview_data={good}",
        "data and a wrong id": f"__prerender_bypass=x; __next_preview_data={good}",
        "id and empty data": both,
        "garbage": both + "garbage",
        "both wrong": "__prerender_bypass=x; __next_preview_data=y",
        "empty": "__prerender_bypass=; __next_preview_data=",
        "one empty": "__prerender_bypass=",
        "tampered": both + tampered,
        "cut": both + good[:-1],
        "padded": both + good + "=",
        "expired": both + expired,
        "of another key": both + foreign,
        "another algorithm": both + good.replace("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciOiJub25lIn0"),
        "unsigned": both + good.rpartition(".")[0] + ".",
        "two ids, the last right": f"__prerender_bypass=x; {BYPASS}",
        "two ids, the last wrong": f"{BYPASS}; __prerender_bypass=x",
        "two tokens, the last right": f"{both}x; __next_preview_data={good}",
        "two tokens, the last wrong": f"{both}{good}; __next_preview_data=x",
        "not yet": both + sign_token({"data": "00", "nbf": NOW + 60}, SIGNING_KEY),
        "expiry as text": both + sign_token({"data": "00", "exp": "9999999999"}, SIGNING_KEY),
        "a name that begins so": f"{BYPASS.replace('=', '_x=')}",
    }


@pytest.mark.parametrize("mode", ["production", "development"])
def test_the_same_cookies_are_right_and_the_same_are_cleared(nextjs: NextJs, mode: str) -> None:
    cookies = make_cookies()
    answers = nextjs.ask(*(read(cookie, mode) for cookie in cookies.values()))
    source = FakeSource(secure=mode == "production")
    ours = {name: read_here(cookie, source) for name, cookie in cookies.items()}
    assert ours == dict(zip(cookies, answers, strict=True))
    # The comparison would be worth nothing if every case took the same way.
    assert {(each["draft_mode"], each["set_cookie"] is None) for each in answers} == {(True, True), (False, True), (False, False)}


def test_we_clear_what_cannot_be_decrypted_where_next_js_fails(nextjs: NextJs) -> None:
    request, response = ask(source=FakeSource().with_keys(encryption_key="e" * 64))
    cookie = cookie_field(set_cookies(request, response.set_preview_data({"user": "ann"})))
    [theirs] = nextjs.ask(read(cookie))
    assert theirs["error"] is not None
    ours = read_here(cookie)
    assert (ours["draft_mode"], len(ours["set_cookie"])) == (False, 2)


def test_the_crypto_alone(nextjs: NextJs) -> None:
    [sealed] = nextjs.ask({"do": "encrypt", "secret": ENCRYPTION_KEY, "text": '{"a":"世"}'})
    cookie = f"{BYPASS}; __next_preview_data={sign_token({'data': sealed['text']}, SIGNING_KEY)}"
    assert read_here(cookie)["preview_data"] == {"a": "世"}
