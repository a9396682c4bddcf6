"""Regexes of the user's own: the machine finds what `re` finds, and no text makes it take long."""

import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_grows_linearly
from slugline.routing.bounded_regex import BoundedRegex, compile_bounded
from slugline.routing.regex_tree import Cost, reckon

COSTS: list[tuple[str, Cost | None]] = [
    ("abc", (0, 1)),
    ("\\d+", (1, 1)),
    (".*", (1, 1)),
    ("[^/]+?", (1, 1)),
    ("svg|png|jpe?g", (0, 6)),
    ("(?!api|_next).*", (1, 2)),
    ("(?!api|.*\\..*).*", (2, 2)),
    ("(?!.*\\.png).*", (1, 1)),
    (".*(?!.*\\.png).*", (2, 1)),
    ("(?:ab)+", (1, 1)),
    ("(?:[a-z]\\d)*", (1, 1)),
    ("a{2,4}", (0, 3)),
    ("a{2}", (0, 1)),
    ("a{2,}", (1, 1)),
    ("[a-z0-9-]{1,255}", (1, 1)),
    ("a{,}", (1, 1)),
    ("a{,3}", (0, 4)),
    ("a{}", (0, 1)),
    ("a{x}", (0, 1)),
    ("(?:ab)?", (0, 2)),
    ("\\x41\\u0041+", (1, 1)),
    ("[]a]+", (1, 1)),
    (".*-.*", (2, 1)),
    ("(?:a+)+", None),
    ("(?:a|b)*", None),
    ("(?:a?)*", None),
    ("(?:(?:ab)c)*", None),
]


@pytest.mark.parametrize(("regex", "expected"), COSTS)
def test_what_a_regex_may_cost(regex: str, expected: Cost | None) -> None:
    assert reckon(regex) == expected


def test_what_is_cheap_is_matched_by_re() -> None:
    assert isinstance(compile_bounded("(?!api|_next).*", (1, 2)), re.Pattern)
    assert isinstance(compile_bounded("(?:a+)+", None), BoundedRegex)
    assert isinstance(compile_bounded(".*-.*", (2, 1)), BoundedRegex)


@pytest.mark.parametrize(
    "regex", ["(a)\\1", "(?i)a+", "(?>a+)b", "a*+b", "(?P<n>a)(?P=n)", "(?=(a))a", "(?:a{1000}){3}b+", "(?:\\N{DIGIT ONE})+"]
)
def test_what_the_machine_does_not_know_is_refused(regex: str) -> None:
    with pytest.raises(ValueError, match=r"^its regex"):
        BoundedRegex(regex, None)


# Texts that `re` takes years for, or minutes; of each length.
LONG = 1000
HOSTILE = [
    ("(?:a+)+x", "a", ""),
    ("(?:a|a)*x", "a", ""),
    ("(?:a|aa)+x", "a", ""),
    ("(?:a?){40}x", "a", ""),
    ("(?:.*a){20}x", "a", ""),
    (".*-.*-.*-.*x", "a-", ""),
    ("([a-z]+)*x", "a", ""),
    ("(?:(?=.*y).)*x", "a", "y"),
    ("(?:(?!.*y).)*x", "a", ""),
    (".*(?!.*.*y.*z)x", "a", ""),
    ("(?!(?:a+)+x).*y", "a", ""),
]


@pytest.mark.parametrize(("regex", "repeated", "end"), HOSTILE)
def test_a_hostile_text_takes_linear_time(regex: str, repeated: str, end: str) -> None:
    compiled = compile_bounded(regex, reckon(regex))
    assert isinstance(compiled, BoundedRegex)
    assert compiled.spans(repeated * LONG + end) is None
    assert_grows_linearly(lambda length: partial(compiled.spans, repeated * (length // len(repeated)) + end), LONG)


TAKERS = ["a", "b", ".", "[ab]", "[^a/]", "\\w", "-", "/", "\\d"]
LOOKS = ["\\b", "(?!ab)", "(?=a*b)", "(?!.*b.*-)", "(?<=a)", "$", "^"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{1,2}", "{2}", "{0,3}?", "{1,}"]


def _join(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # What repeats takes a character each time: what takes none `re` and JavaScript share out differently.
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.builds("(?:{}{}){}".format, st.sampled_from(TAKERS), inner, st.sampled_from(QUANTIFIERS)),
    )


REGEX = st.recursive(st.sampled_from(TAKERS + LOOKS), _join, max_leaves=8)


@settings(max_examples=1500, deadline=None)
@given(REGEX, REGEX, st.text("aab-/1", max_size=8))
def test_it_finds_what_re_finds(one: str, other: str, text: str) -> None:
    regex = f"({one})(?P<other>{other})"
    found = re.compile(regex, re.ASCII).fullmatch(text)
    machine = BoundedRegex(regex, None)
    assert machine.spans(text) == (None if found is None else [found.span(1), found.span(2)])
    assert machine.groupindex == {"other": 2}


SPELLINGS = [
    ("[]a]+-(?:[^]a]|\\])+", "]a]-bb]"),
    ("a{,}(?:b{,2}c{2,}d{})+", "aabbccd{}cccd{}"),
    ("(?:a{|{y|\\{2}|b{x})+", "a{{y{{b{x}"),
    ("(?:\\x41|\\u0042|\\012|\\0)+", "AB\n\0"),
    ("(?:\\/|\\.|\\-|[\\]\\/[])+", "/.-][/"),
    ("(?:\\Aa|b\\b|\\Bc|d\\Z)*", "ab-"),
    ("(?:\\Aa|b|\\Bc|d\\Z)*", "abcd"),
    ("(?:(?<=a)b|(?<!a)c|a)+", "abac"),
    ("(?:(?<=a)b|(?<!a)c|a)+", "abcc"),
]


@pytest.mark.parametrize(("regex", "text"), SPELLINGS)
def test_it_reads_what_re_reads(regex: str, text: str) -> None:
    machine = BoundedRegex(regex, None)
    for end in range(len(text) + 1):
        assert (machine.spans(text[:end]) is None) == (re.fullmatch(regex, text[:end], re.ASCII) is None), text[:end]


@pytest.mark.parametrize("regex", ["(?:a*)*b", "(?:a?|b*)+", "(?:(?=a)|a)*b", "(?:|a)+b", "(?:(?:a*)+-?)*"])
def test_what_repeats_nothing_comes_to_an_end(regex: str) -> None:
    for text in ("", "a", "aab", "b", "aa-a", "c"):
        assert (BoundedRegex(regex, None).spans(text) is None) == (re.fullmatch(regex, text) is None)
