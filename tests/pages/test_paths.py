"""From parameters to the one path of a page, and what get_static_paths may give."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.errors import PageError
from slugline.pages.paths import Params, StaticPaths, make_path, read_paths
from slugline.routing.segments import split_segments
from slugline.routing.table import Route, build_table

WHERE = "pages/x.py: get_static_paths"


def read(value: object, pattern: str) -> StaticPaths:
    return read_paths(value, split_segments(pattern, "x"), pattern, WHERE)


PATHS: dict[str, tuple[str, Params, str]] = {
    "root": ("/", {}, "/"),
    "plain": ("/about", {}, "/about"),
    "plain, encoded": ("/ünï", {}, "/%C3%BCn%C3%AF"),
    "one": ("/post/[slug]", {"slug": "hello"}, "/post/hello"),
    "a space": ("/post/[slug]", {"slug": "a b"}, "/post/a%20b"),
    "a slash": ("/post/[slug]", {"slug": "a/b"}, "/post/a%2Fb"),
    "a percent sign": ("/post/[slug]", {"slug": "100%"}, "/post/100%25"),
    "what may stand": ("/post/[slug]", {"slug": "-._~!$&'()*+,;=:@"}, "/post/-._~!$&'()*+,;=:@"),
    "many": ("/docs/[...path]", {"path": ["a", "b c"]}, "/docs/a/b%20c"),
    "perhaps none": ("/docs/[[...path]]", {}, "/docs"),
    "perhaps some": ("/docs/[[...path]]", {"path": ["a"]}, "/docs/a"),
    "none at the root": ("/[[...path]]", {}, "/"),
    "two": ("/[user]/posts/[id]", {"user": "ada", "id": "7"}, "/ada/posts/7"),
}


@pytest.mark.parametrize(("pattern", "params", "path"), PATHS.values(), ids=PATHS)
def test_make_path(pattern: str, params: Params, path: str) -> None:
    assert make_path(split_segments(pattern, "x"), params) == path


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1).filter(lambda text: text not in (".", ".."))


@given(texts, st.lists(texts, min_size=1))
def test_a_path_leads_back_to_its_parameters(name: str, rest: list[str]) -> None:
    pattern = "/p/[name]/[...rest]"
    segments = split_segments(pattern, "x")
    params: Params = {"name": name, "rest": rest}
    match = build_table([Route(pattern, tuple(segments), None, "x")]).match(make_path(segments, params))
    assert match is not None
    assert match.params == params
    assert read({"paths": [make_path(segments, params)], "fallback": False}, pattern).params == (params,)


READ: dict[str, tuple[str, list[Any], tuple[Params, ...]]] = {
    "none": ("/p/[a]", [], ()),
    "params": ("/p/[a]", [{"params": {"a": "x"}}], ({"a": "x"},)),
    "text": ("/p/[a]", ["/p/x"], ({"a": "x"},)),
    "text with a slash at its end": ("/p/[a]", ["/p/x/"], ({"a": "x"},)),
    "text, encoded": ("/p/[a]", ["/p/a%20b"], ({"a": "a b"},)),
    "text as it is": ("/p/[a]", ["/p/ü b"], ({"a": "ü b"},)),
    "once": ("/p/[a]", ["/p/x", {"params": {"a": "x"}}, "/p/y"], ({"a": "x"}, {"a": "y"})),
    "a locale is left alone": ("/p/[a]", [{"params": {"a": "x"}, "locale": "en"}], ({"a": "x"},)),
    "many": ("/d/[...p]", [{"params": {"p": ["a", "b"]}}, "/d/c"], ({"p": ["a", "b"]}, {"p": ["c"]})),
    "a tuple": ("/d/[...p]", [{"params": {"p": ("a",)}}], ({"p": ["a"]},)),
    "perhaps none": ("/d/[[...p]]", [{"params": {}}, {"params": {"p": ["a"]}}, "/d"], ({}, {"p": ["a"]})),
    "perhaps none, said": ("/d/[[...p]]", [{"params": {"p": []}}, {"params": {"p": None}}, {"params": {"p": False}}], ({},)),
}


@pytest.mark.parametrize(("pattern", "paths", "expected"), READ.values(), ids=READ)
def test_read_paths(pattern: str, paths: list[Any], expected: tuple[Params, ...]) -> None:
    assert read({"paths": paths, "fallback": False}, pattern) == StaticPaths(expected, False)


@pytest.mark.parametrize("fallback", [True, False, "blocking"])
def test_fallbacks(fallback: Any) -> None:
    assert read({"paths": (), "fallback": fallback}, "/p/[a]").fallback == fallback


def test_paths_may_be_made_on_the_way() -> None:
    assert len(read({"paths": (f"/p/{number}" for number in range(3)), "fallback": False}, "/p/[a]").params) == 3


SHAPE = ' must return {"paths": [...], "fallback": False}, with these two keys.'
REFUSED: dict[str, tuple[object, str]] = {
    "nothing": (None, SHAPE),
    "a list": (["/p/a"], SHAPE),
    "no fallback": ({"paths": []}, SHAPE),
    "no paths": ({"fallback": False}, SHAPE),
    "a third key": ({"paths": [], "fallback": False, "revalidate": 1}, SHAPE),
    "another fallback": ({"paths": [], "fallback": "true"}, ": fallback is 'true'. Allowed: False, True, \"blocking\"."),
    "fallback 1": ({"paths": [], "fallback": 1}, ": fallback is 1. Allowed:"),
    "paths of text": ({"paths": "/p/a", "fallback": False}, ": paths is str. Give a list."),
    "paths of a mapping": ({"paths": {"a": 1}, "fallback": False}, ": paths is dict. Give a list."),
    "a number": ({"paths": [7], "fallback": False}, ': paths[0] is 7. Write {"params": {...}}, or the path as text.'),
    "no params": ({"paths": [{"a": "x"}], "fallback": False}, ": paths[0] is {'a': 'x'}. Write {\"params\": {...}}"),
    "another path": ({"paths": ["/p/a", "/q/a"], "fallback": False}, ": paths[1] is '/q/a', which /p/[a] does not answer."),
    "a path too long": ({"paths": ["/p/a/b"], "fallback": False}, ": paths[0] is '/p/a/b', which /p/[a] does not answer."),
    "broken encoding": ({"paths": ["/p/%zz"], "fallback": False}, ": paths[0] is '/p/%zz', which /p/[a] does not answer."),
    "unknown": (
        {"paths": [{"params": {"a": "x", "b": "y"}}], "fallback": False},
        ": paths[0] has the unknown parameter 'b'; /p/[a] has a.",
    ),
    "missing": ({"paths": [{"params": {}}], "fallback": False}, ": paths[0]: the parameter a is None. Give a text: str(...)."),
    "a number for a text": (
        {"paths": [{"params": {"a": 7}}], "fallback": False},
        ": paths[0]: the parameter a is 7. Give a text: str(...).",
    ),
    "empty": ({"paths": [{"params": {"a": ""}}], "fallback": False}, ": paths[0]: the parameter a is ''. Give a text"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(value: object, message: str) -> None:
    with pytest.raises(PageError) as raised:
        read(value, "/p/[a]")
    assert raised.value.message.startswith(WHERE + message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a/b", 'the parameter p is \'a/b\'. Give a list of texts: ["a", "b"].'),
        ([1], "the parameter p is [1]. Give a list of texts"),
        (["a", ""], "the parameter p is ['a', '']. Give a list of texts"),
        ([], "the parameter p is empty. Give one text or more, or name the file [[...p]]."),
    ],
)
def test_refused_for_a_catch_all(given: object, message: str) -> None:
    with pytest.raises(PageError) as raised:
        read({"paths": [{"params": {"p": given}}], "fallback": False}, "/d/[...p]")
    assert raised.value.message.startswith(f"{WHERE}: paths[0]: {message}")
