import pytest

from slugline.errors import RouteNameError
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Static, split_segments

GOOD = {
    "/": (),
    "/api": (Static("api"),),
    "/api/post/[pid]": (Static("api"), Static("post"), Param("pid")),
    "/api/post/[...slug]": (Static("api"), Static("post"), CatchAll("slug")),
    "/api/post/[[...slug]]": (Static("api"), Static("post"), OptionalCatchAll("slug")),
    "/api/[user]/posts/[id]": (Static("api"), Param("user"), Static("posts"), Param("id")),
    "/[weird-name]": (Param("weird-name"),),
    "/[...dash-rest]": (CatchAll("dash-rest"),),
    "/[userId]/[user_id]": (Param("userId"), Param("user_id")),
    "/[a.b]": (Param("a.b"),),
    "/[$city]": (Param("$city"),),
    "/[名]/[番]": (Param("名"), Param("番")),
    "/$city/a-b/with.dot/plus+sign/paren(x)/at@sign/with space/ünï/100%": tuple(
        Static(text) for text in ("$city", "a-b", "with.dot", "plus+sign", "paren(x)", "at@sign", "with space", "ünï", "100%")
    ),
    "/a.test": (Static("a.test"),),
    "/v1:batch/a{b/c>d/2*2/(group)/time:": tuple(Static(text) for text in ("v1:batch", "a{b", "c>d", "2*2", "(group)", "time:")),
}

# Pattern, the part that is at fault, a piece of the explanation, a piece of the cure.
BAD = [
    ("/[[id]]", "`[[id]]`", "only a catch-all can be", "[[...id]], or [id]"),
    ("/[[[x]]]", "`[[[x]]]`", "too many brackets", "Write [x], or [[...x]]"),
    ("/[[[...x]]]", "`[[[...x]]]`", "too many brackets", "Write [x], or [[...x]]"),
    ("/[..x]", "`[..x]`", "wrong number of dots", "[...x] for a catch-all, [x]"),
    ("/[.x]", "`[.x]`", "wrong number of dots", "[...x] for a catch-all, [x]"),
    ("/[....x]", "`[....x]`", "wrong number of dots", "[...x] for a catch-all, [x]"),
    ("/[[..x]]", "`[[..x]]`", "wrong number of dots", "[...x]"),
    ("/[…x]", "`[…x]`", "one character `…`", "three dots: [...x]"),
    ("/[[…x]]", "`[[…x]]`", "one character `…`", "three dots: [...x]"),
    ("/[]", "`[]`", "names no parameter", "[id] or [...slug]"),
    ("/[[]]", "`[[]]`", "names no parameter", "[id] or [...slug]"),
    ("/[...]", "`[...]`", "names no parameter", "[id] or [...slug]"),
    ("/[[...]]", "`[[...]]`", "names no parameter", "[id] or [...slug]"),
    ("/[ ]", "`[ ]`", "names no parameter", "[id] or [...slug]"),
    ("/[id", "`[id`", "do not pair", "Write [id]"),
    ("/id]", "`id]`", "do not pair", "Write [id]"),
    ("/[[...id]", "`[[...id]`", "do not pair", "Write [id]"),
    ("/[... x]", "`[... x]`", "has a space", "Write [...x]"),
    ("/[my id]", "`[my id]`", "has a space", "Write [myid]"),
    ("/[a\tb]", "`[a\\tb]`", "cannot have", "Write [ab]"),
    ("/pre-[id]", "`pre-[id]`", "text around the brackets", "write [id]"),
    ("/[id].json", "`[id].json`", "text around the brackets", "write [id]"),
    ("/$[id]", "`$[id]`", "text around the brackets", "write [id]"),
    ("/[a]-[b]", "`[a]-[b]`", "text around the brackets", "write [a]"),
    ("/][", "`][`", "text around the brackets", "write [id]"),
    ("/[...slug]/x", "`[...slug]`", "not the last part", "[slug] here, or end the path with [...slug].py"),
    ("/[[...slug]]/x", "`[[...slug]]`", "not the last part", "[slug] here"),
    ("/[a]/x/[a]", "`[a]`", "twice", "Rename one"),
    ("/[a]/[...a]", "`[a]`", "twice", "Rename one"),
    ("/[a-b]/[ab]", "`[ab]` differs from `[a-b]`", "only by punctuation", "Rename one"),
    ("/[ab]/[[...a-b]]", "`[a-b]` differs from `[ab]`", "only by punctuation", "Rename one"),
    ("/{id}", "`{id}`", "looks like a parameter", "Write [id]"),
    ("/<id>", "`<id>`", "looks like a parameter", "Write [id]"),
    ("/:id", "`:id`", "looks like a parameter", "Write [id]"),
    ("/{id:int}", "`{id:int}`", "looks like a parameter", "Write [id]"),
    ("/<int:id>", "`<int:id>`", "looks like a parameter", "Write [id]"),
    ("/<slug:slug>", "`<slug:slug>`", "looks like a parameter", "Write [slug]"),
    ("/<path:rest>", "`<path:rest>`", "looks like a parameter", "[...rest] for one segment or more, [rest] for one"),
    ("/{rest:path}", "`{rest:path}`", "looks like a parameter", "[...rest] for one segment or more"),
    ("/{...slug}", "`{...slug}`", "looks like a parameter", "[...slug] for one segment or more"),
    ("/(...slug)", "`(...slug)`", "looks like a parameter", "[...slug] for one segment or more"),
    ("/*", "`*`", "looks like a parameter", "[...slug] for one segment or more"),
    ("/**", "`**`", "looks like a parameter", "[...slug] for one segment or more"),
    ("/*path", "`*path`", "looks like a parameter", "[...path] for one segment or more"),
    ("/{}", "`{}`", "looks like a parameter", "Write [id]"),
    ("/user-{id}", "`user-{id}`", "looks like a parameter", "write [id], and take the text apart"),
    ("/[id:int]", "`[id:int]`", "other frameworks", "Write [id]; it is text"),
    ("/[int:id]", "`[int:id]`", "other frameworks", "Write [id]; it is text"),
    ("/[id=integer]", "`[id=integer]`", "other frameworks", "Write [id]; it is text"),
    ("/[*slug]", "`[*slug]`", "other frameworks", "Write [...slug]"),
    ("/[slug*]", "`[slug*]`", "other frameworks", "Write [...slug]"),
    ("/[rest:path]", "`[rest:path]`", "other frameworks", "Write [...rest]"),
    ("/[[...*slug]]", "`[[...*slug]]`", "other frameworks", "Write [[...slug]]"),
    ("/[id?]", "`[id?]`", "other frameworks", "Write [[...id]], or [id] and an index.py"),
    ("/a//b", "`//`", "empty name", "Give every"),
    ("/a\nb", "`a\\nb`", "control character", "Rename"),
    ("/a\0b", "`a\\x00b`", "control character", "Rename"),
]


@pytest.mark.parametrize(("pattern", "segments"), GOOD.items(), ids=GOOD)
def test_split(pattern: str, segments: tuple[object, ...]) -> None:
    assert split_segments(pattern) == segments


@pytest.mark.parametrize(("pattern", "part", "what", "cure"), BAD, ids=[ascii(row[0]) for row in BAD])
def test_refusal(pattern: str, part: str, what: str, cure: str) -> None:
    with pytest.raises(RouteNameError) as raised:
        split_segments(pattern, "pages/file.py")
    message = str(raised.value)
    assert message.startswith(f"pages/file.py: {part}")
    explanation, _, advice = message.rpartition(". ")
    assert what in explanation
    assert cure in advice
    assert raised.value.files == ("pages/file.py",)


def test_a_pattern_stands_for_an_unknown_file() -> None:
    with pytest.raises(RouteNameError, match=r"^/api/\[id: "):
        split_segments("/api/[id")
