"""Sources beside the npm package `path-to-regexp` itself: the same patterns and paths, one Node process, every parameter compared."""

import json
import random
import subprocess
from typing import Any

import pytest

from node import NPM, find_node
from slugline.routing.source_pattern import compile_source

TEXTS = ["a", "b", "ab", "x-y", "v1.0", "-", ".", "a.b", "\\:", "\\(x\\)"]
REGEXES = ["\\d+", "a|b", "(?!a)[^/]+", "[ab]{1,2}", ".*", "(?:x|y)+", "\\d{1,3}", "[^/]+?"]
WORDS = ["a", "b", "ab", "x-y", "1", "12", "v1.0", "a-b", "a-b-c", "a.b.c", "x", "", "(x)", "A", "x-", "-a", "b1"]


def _modifier(random_: random.Random) -> str:
    return random_.choice(["", "", "", "?", "*", "+"])


def _make_pattern(random_: random.Random) -> str:
    """Give a pattern that is mostly well-formed, with the parts next to each other that are hard."""
    names = iter("pqrstuvw")
    pattern = ""
    for _ in range(random_.randint(1, 4)):
        kind = random_.randint(0, 7)
        text = random_.choice(TEXTS)
        name = f":{next(names)}"
        regex = f"({random_.choice(REGEXES)})"
        if kind <= 1:
            pattern += f"/{text}"
        elif kind <= 3:
            pattern += f"/{name}{_modifier(random_)}"
        elif kind == 4:
            pattern += random_.choice([f"/{name}{regex}", f"/{regex}"]) + random_.choice(["", "", "?"])
        elif kind == 5:
            pattern += f"{random_.choice(['-', '.', 'a', '/x-'])}{name}{random_.choice(['', '', '?'])}"
        elif kind == 6:
            pattern += f"{{/{text}}}{_modifier(random_)}"
        else:
            pattern += f"{{{random_.choice(['/', '-', '.', '/x-'])}{name}}}{_modifier(random_)}"
    return pattern if pattern.startswith(("/", "{/")) else f"/{pattern}"


def _make_path(random_: random.Random, pattern: str) -> str:
    """Give a path that often resembles the pattern."""
    if random_.random() < 0.5:
        return "/" + "/".join(random_.choice(WORDS[:-6] if random_.random() < 0.7 else WORDS) for _ in range(random_.randint(0, 4)))
    path = ""
    for character in pattern:
        if character in "{}?*+\\":
            continue
        if character in "pqrstuvw" and path.endswith(":"):
            path = path[:-1] + random_.choice(WORDS)
            if random_.random() < 0.2:
                path += "/" + random_.choice(WORDS)
        else:
            path += character
    return path.replace("(\\d", "").split("(")[0] + random_.choice(["", "", "1", "/", "/a", "ab"])


def _make_cases() -> list[tuple[str, list[str]]]:
    random_ = random.Random(6)
    cases = []
    while len(cases) < 2500:
        pattern = _make_pattern(random_)
        if pattern.startswith("/"):
            cases.append((pattern, [_make_path(random_, pattern) for _ in range(6)]))
    return cases


def _ask_npm(cases: list[tuple[str, list[str]]]) -> list[dict[str, Any]]:
    outcome = subprocess.run(
        [find_node(), "compare_patterns.cjs"], input=json.dumps(cases), cwd=NPM, capture_output=True, text=True, check=True, timeout=60
    )
    answers: list[dict[str, Any]] = json.loads(outcome.stdout)
    return answers


def test_matches_as_path_to_regexp_does() -> None:
    cases = _make_cases()
    pairs = matched = ours_only = bounded = 0
    for (pattern, paths), answer in zip(cases, _ask_npm(cases), strict=True):
        try:
            source = compile_source(pattern)
        except ValueError:
            ours_only += "error" not in answer
            continue
        bounded += source._regex is None
        assert "error" not in answer, (pattern, answer)
        for path, expected in zip(paths, answer["params"], strict=True):
            pairs += 1
            matched += expected is not None
            named = None if expected is None else {name: value for name, value in expected.items() if not name.isdigit()}
            assert source.match(path) == named, (pattern, path)
    assert pairs >= 10_000
    assert matched >= 3000
    assert bounded >= 200, "both ways of matching are compared"
    assert ours_only == 0, "nothing is refused that path-to-regexp takes"


@pytest.mark.parametrize("pattern", ["/a/:", "/(", "/()", "/(?:a)", "/((a))", "/:a:b", "/:a(\\d+):b", "/a*", "/{a", "/a}", "/{:a}*"])
def test_what_path_to_regexp_refuses_is_refused(pattern: str) -> None:
    assert "error" in _ask_npm([(pattern, [])])[0]
    with pytest.raises(ValueError):
        compile_source(pattern)
