"""What a browser, a JSON client and a terminal show."""

import json
import re
from html.parser import HTMLParser

import pytest

from slugline.dev.failure import Failure, Frame
from slugline.dev.overlay import LIVE_PATH, render_html, render_json, render_text

OWN = Frame("pages/api/a.py", 2, "handler", True, ((1, "def handler(req, res):"), (2, "    1 / 0"), (3, "")))
OUTER = Frame("starlette/routing.py", 40, "app", False)
INNER = Frame("json/decoder.py", 5, "decode", False)
FAILURE = Failure("ZeroDivisionError", "division by zero", None, OWN, (OUTER, OWN, INNER))
HOSTILE = [
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\"'><svg/onload=alert(1)>",
    "<!--",
    "&lt;already&gt; & more",
    "]]> <![CDATA[",
    "</pre></main><h1>gone</h1>",
]


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def tags_of(failure: Failure, where: str = "GET /") -> list[str]:
    return Tags(render_html([(where, failure)])).names


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["message", "kind", "source", "file", "function", "where", "cause", "code", "footer"])
def test_html_escapes_everything(text: str, place: str) -> None:
    def make(value: str) -> str:
        frame = Frame(
            value if place == "file" else "a.py",
            1,
            value if place == "function" else "f",
            True,
            ((1, value if place == "source" else "x"),),
        )
        cause = Failure("E", value if place == "cause" else "m", None, Frame("b.py", 1, "g", True, ((1, "y"),)), ())
        failure = Failure(
            value if place == "kind" else "K",
            value if place == "message" else "m",
            value if place == "code" else None,
            frame,
            (frame,),
            cause,
        )
        return render_html([(value if place == "where" else "GET /", failure)], footer=value if place == "footer" else "")

    hostile, harmless = Tags(make(text)), Tags(make("harmless"))
    assert hostile.names == harmless.names
    # An error with a code is its message alone, so its kind is shown only without one; everything else shows.
    assert text in "".join(hostile.texts)


def test_html_has_message_then_source_then_frames() -> None:
    page = render_html([("GET /api/a", FAILURE)])
    order = [
        "GET /api/a",
        "<h1>ZeroDivisionError: division by zero</h1>",
        "pages/api/a.py, line 2",
        "1 / 0",
        "<details>",
        "starlette/routing.py",
    ]
    positions = [page.index(each) for each in order]
    assert positions == sorted(positions)
    assert '<span class="hit"><i>2</i>    1 / 0</span>' in page
    assert page.count('class="hit"') == 1
    assert f'new EventSource("{LIVE_PATH}")' in page


def test_html_of_several_failures() -> None:
    page = render_html([("first", FAILURE), ("second", Failure("X", "other", None, None, ()))])
    assert page.index("division by zero</h1>") < page.index("<h1>X: other</h1>")
    assert "<title>ZeroDivisionError: division by zero</title>" in page


def test_html_without_failures() -> None:
    assert "<title>Slugline</title>" in render_html([])


def test_html_loads_nothing_from_elsewhere() -> None:
    page = render_html([("GET /", FAILURE)])
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)


def test_html_names_the_errors_page() -> None:
    assert "docs/errors/route-module.md" in render_html([("", Failure("RouteModuleError", "m", "route-module", None, ()))])


def test_html_shows_causes_with_their_lines() -> None:
    other = Frame("lib/db.py", 9, "connect", True, ((9, "raise KeyError"),))
    failure = Failure("ValueError", "v", None, OWN, (OWN,), Failure("KeyError", "'k'", None, other, (other,)))
    page = render_html([("GET /", failure)])
    assert page.index("Caused by KeyError") < page.index("lib/db.py, line 9") < page.index("raise KeyError")


JSON = [
    (
        FAILURE,
        {
            "type": "ZeroDivisionError",
            "message": "division by zero",
            "file": "pages/api/a.py",
            "line": 2,
            "source": "1 / 0",
            "frames": ["starlette/routing.py, line 40", "pages/api/a.py, line 2", "json/decoder.py, line 5"],
        },
    ),
    (Failure("X", "m", None, None, ()), {"type": "X", "message": "m", "frames": []}),
    (Failure("ConfigError", "m", "config", None, ()), {"type": "ConfigError", "message": "m", "code": "config", "frames": []}),
    (
        Failure("X", "m", None, Frame("gone.py", 3, "f", True), ()),
        {"type": "X", "message": "m", "file": "gone.py", "line": 3, "source": "", "frames": []},
    ),
]


@pytest.mark.parametrize(("failure", "error"), JSON)
def test_json(failure: Failure, error: dict[str, object]) -> None:
    assert json.loads(json.dumps(render_json(failure))) == {"error": error}


def test_text_has_message_then_own_lines_then_the_rest() -> None:
    assert render_text("GET /api/a", FAILURE).split("\n") == [
        "GET /api/a: ZeroDivisionError: division by zero",
        "  pages/api/a.py, line 2, in handler",
        "       1 | def handler(req, res):",
        "  >    2 |     1 / 0",
        "       3 | ",
        "  frames, outermost first:",
        "    starlette/routing.py, line 40, in app",
        "    json/decoder.py, line 5, in decode",
    ]


def test_text_shows_a_cause_once() -> None:
    same = Failure("KeyError", "'k'", None, OWN, (OWN,))
    other = Frame("lib/db.py", 9, "connect", True, ((9, "raise OSError"),))
    lines = render_text("", Failure("ValueError", "v", None, OWN, (OWN,), Failure("OSError", "o", None, other, (other,), same))).split("\n")
    assert lines[0] == "ValueError: v"
    assert [line for line in lines if "caused by" in line] == ["  caused by OSError: o"]
    assert "  >    9 | raise OSError" in lines


PLACE = Frame("lib/db.py", 9, "connect", True, ((9, "raise <OSError>"),))
GROUP = Failure(
    "ExceptionGroup",
    "two",
    None,
    OWN,
    (OWN,),
    parts=(Failure("OSError", "<i>", None, PLACE, (PLACE,)), Failure("OSError", "o", None, PLACE, (PLACE,))),
)


def test_html_shows_each_exception_of_a_group() -> None:
    page = render_html([("GET /", GROUP)])
    assert page.index("1 of 2: OSError: &lt;i&gt;") < page.index("raise &lt;OSError&gt;") < page.index("2 of 2: OSError: o")
    assert page.count("raise &lt;OSError&gt;") == 1  # of the second, the place is enough
    assert page.count("lib/db.py, line 9, in connect") == 2
    assert "<i>&lt;" not in page


def test_text_shows_each_exception_of_a_group() -> None:
    lines = render_text("", GROUP).split("\n")
    start = lines.index("  1 of 2: OSError: <i>")
    assert lines[start : start + 5] == [
        "  1 of 2: OSError: <i>",
        "  lib/db.py, line 9, in connect",
        "  >    9 | raise <OSError>",
        "  2 of 2: OSError: o",
        "  lib/db.py, line 9, in connect",
    ]


def test_json_has_each_exception_of_a_group() -> None:
    error = render_json(GROUP)["error"]
    assert isinstance(error, dict)
    assert [(each["type"], each["message"], each["line"]) for each in error["exceptions"]] == [("OSError", "<i>", 9), ("OSError", "o", 9)]
