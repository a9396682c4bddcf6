"""Templates of a small folder: what is escaped, what is strict, what `_app.html` gets, and where an error is said to be."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from slugline.errors import PageError
from slugline.pages.templates import Templates


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    return tmp_path / "pages"


def write(pages: Path, **files: str) -> Templates:
    for name, text in files.items():
        (pages / f"{name}.html").write_text(text)
    return Templates(pages)


def render(pages: Path, text: str, **variables: object) -> str:
    return write(pages, a=text).render("a.html", variables)


# template, variables, what comes out
RENDERED = {
    "text": ("<p>x</p>", {}, "<p>x</p>"),
    "escaped": ("{{ x }}", {"x": "<b> & \"q\" 'a'"}, "&lt;b&gt; &amp; &#34;q&#34; &#39;a&#39;"),
    "escaped in an attribute": ('<a title="{{ x }}">', {"x": '" onclick="'}, '<a title="&#34; onclick=&#34;">'),
    "markup": ("{{ x }}", {"x": Markup("<b>")}, "<b>"),
    "safe": ("{{ x | safe }}", {"x": "<b>"}, "<b>"),
    "JSON in a script": ("{{ x | tojson }}", {"x": "</script>"}, '"\\u003c/script\\u003e"'),
    "block tags take their line with them": ("{% if true %}\n  {% if true %}\nx\n  {% endif %}\n{% endif %}\n", {}, "x\n"),
    "a missing name is false": ("{% if nothing %}a{% else %}b{% endif %}", {}, "b"),
    "a missing name with a default": ("{{ nothing or 'x' }}{{ nothing | default('y') }}", {}, "xy"),
    "a missing name can be asked for": ("{{ nothing is defined }}", {}, "False"),
    "an empty list is no missing name": ("{% for x in list %}x{% endfor %}", {"list": []}, ""),
}


@pytest.mark.parametrize(("text", "variables", "expected"), RENDERED.values(), ids=RENDERED)
def test_rendered(pages: Path, text: str, variables: dict[str, object], expected: str) -> None:
    assert render(pages, text, **variables) == expected


@given(st.text())
def test_nothing_typed_becomes_markup(text: str) -> None:
    rendered = Templates(Path("nowhere"))._environment.from_string('<i title="{{ x }}">{{ x }}</i>').render(x=text)
    inside = rendered.removeprefix('<i title="').removesuffix("</i>")
    assert inside.count('"') == inside.count(">") == 1
    assert not set("<'") & set(inside)


# template, the message
FAILING = {
    "missing": (
        "<p>\n{{ nothing }}",
        "pages/a.html, line 2: 'nothing' is undefined. Give it in the page's props, or write {{ name or '' }} ",
    ),
    "missing, gone through": ("\n\n{% for x in nothing %}{% endfor %}", "pages/a.html, line 3: 'nothing' is undefined. Give it"),
    "missing, counted": ("{{ nothing | length }}", "pages/a.html, line 1: 'nothing' is undefined. Give it"),
    "missing, joined": ("{{ nothing ~ 'x' }}", "pages/a.html, line 1: 'nothing' is undefined. Give it"),
    "missing attribute": ("{{ post.titel }}", "pages/a.html, line 1: 'dict object' has no attribute 'titel'. Give it"),
    "attribute of a missing name": ("{{ nothing.x }}", "pages/a.html, line 1: 'nothing' is undefined. Give it"),
    "syntax": ("a\nb\n{% if x %}", "pages/a.html, line 3: Unexpected end of template."),
    "unknown tag": ("\n{% nope %}", "pages/a.html, line 2: Encountered unknown tag 'nope'."),
    "unknown filter": ("\n{{ 1 | nope }}", "pages/a.html, line 2: No filter named 'nope'."),
    "an error in Python": ("\n{{ 1 / 0 }}", "pages/a.html, line 2: ZeroDivisionError: division by zero."),
    "no such include": (
        "x\n{% include 'no.html' %}",
        "pages/a.html, line 2: there is no template 'no.html' in pages/. Check the name, which",
    ),
    "no such base": ("{% extends 'no.html' %}", "pages/a.html, line 1: there is no template 'no.html' in pages/."),
    "leads out": ("{% include '../secret.html' %}", "pages/a.html, line 1: there is no template '../secret.html' in pages/."),
    "absolute": ("{% include '/etc/passwd' %}", "pages/a.html, line 1: there is no template '/etc/passwd' in pages/."),
}


@pytest.mark.parametrize(("text", "message"), FAILING.values(), ids=FAILING)
def test_an_error_names_file_and_line(pages: Path, text: str, message: str) -> None:
    (pages.parent / "secret.html").write_text("secret")
    with pytest.raises(PageError) as raised:
        render(pages, text, post={})
    assert raised.value.message.startswith(message)
    assert raised.value.message.endswith(".")
    assert not raised.value.message.endswith("..")
    assert raised.value.files == ("pages/a.html",)


@pytest.mark.parametrize("name", ["../secret.html", "/etc/passwd", "a/../../secret.html", "nothing.html", ""])
def test_a_name_that_is_none(pages: Path, name: str) -> None:
    (pages.parent / "secret.html").write_text("secret")
    with pytest.raises(PageError, match="there is no template"):
        write(pages, a="").render(name, {})


def test_an_error_in_what_is_included_is_there(pages: Path) -> None:
    templates = write(pages, a="x\n{% include '_part.html' %}", _part="\n\n{{ nothing }}", b="{% include '_bad.html' %}", _bad="\n{% if %}")
    with pytest.raises(PageError, match=r"^pages/_part.html, line 3: 'nothing' is undefined"):
        templates.render("a.html", {})
    with pytest.raises(PageError, match=r"^pages/_bad.html, line 2: "):
        templates.render("b.html", {})


def test_an_error_in_the_app_is_there(pages: Path) -> None:
    for text in ("\n{{ nothing }}", "\n{% include 'no.html' %}", "\n{% if x %}", "\n{{ 1 / 0 }}"):
        with pytest.raises(PageError, match=r"^pages/_app.html, line 2: "):
            write(pages, a="x", _app=text).render("a.html", {})


def test_a_file_that_is_no_text(pages: Path) -> None:
    (pages / "a.html").write_bytes(b"\xff")
    with pytest.raises(PageError, match=r"^pages/a.html: UnicodeDecodeError"):
        Templates(pages).render("a.html", {})


def test_check_compiles(pages: Path) -> None:
    templates = write(pages, good="{{ nothing }}", bad="{% if %}")
    templates.check("good.html")
    with pytest.raises(PageError, match=r"^pages/bad.html, line 1: "):
        templates.check("bad.html")


class TestApp:
    def test_it_gets_the_content_and_what_the_page_sets(self, pages: Path) -> None:
        templates = write(
            pages,
            _app="<title>{{ title or 'Site' }}</title>{{ content }}{{ user }}",
            a="{% set title = 'A & B' %}\n<p>{{ user }}</p>",
            b="<p>x</p>",
        )
        assert templates.render("a.html", {"user": "<Ada>"}) == "<title>A &amp; B</title><p>&lt;Ada&gt;</p>&lt;Ada&gt;"
        assert templates.render("b.html", {"user": ""}) == "<title>Site</title><p>x</p>"

    def test_the_page_wins_over_the_props(self, pages: Path) -> None:
        templates = write(pages, _app="{{ title }}:{{ content }}", a="{% set title = 'own' %}")
        assert templates.render("a.html", {"title": "prop", "content": "prop"}) == "own:"

    def test_what_is_set_inside_a_block_stays_there(self, pages: Path) -> None:
        templates = write(pages, _app="{{ title or '-' }}", a="{% for x in [1] %}{% set title = 'x' %}{% endfor %}{% set _private = 1 %}")
        assert templates.render("a.html", {}) == "-"

    def test_one_page_leaves_nothing_to_the_next(self, pages: Path) -> None:
        templates = write(pages, _app="{{ title or '-' }}", a="{% set title = 'a' %}", b="")
        assert [templates.render(name, {}) for name in ("a.html", "b.html")] == ["a", "-"]

    def test_without_one(self, pages: Path) -> None:
        assert render(pages, "<p>x") == "<p>x"

    def test_macros_and_bases(self, pages: Path) -> None:
        templates = write(
            pages,
            _macros="{% macro field(name) %}<input name={{ name }}>{% endmacro %}",
            _base="<main>{% block main %}{% endblock %}</main>",
            a="{% extends '_base.html' %}{% from '_macros.html' import field %}{% block main %}{{ field('x') }}{% endblock %}",
            _app="[{{ content }}]",
        )
        assert templates.render("a.html", {}) == "[<main><input name=x></main>]"

    @pytest.mark.parametrize(
        ("content", "is_whole"),
        [
            ("<!doctype html><p>", True),
            ("<!DOCTYPE HTML>", True),
            ("\n <html lang=en>", True),
            ("<!-- by us -->\n<!-- and -- them --><!doctype html>", True),
            ("<!----><html>", True),
            ("<p>", False),
            ("<htmlx>", False),
            ("", False),
            ("x<html>", False),
            ("<!-- <html> -->", False),
            ("<!-- open <html>", False),
        ],
    )
    def test_a_whole_document_stays_as_it_is(self, pages: Path, content: str, is_whole: bool) -> None:
        assert write(pages, _app="[{{ content }}]").wrap(content, {}) == (content if is_whole else f"[{content}]")

    @pytest.mark.timeout(20)  # in every grouping of the comments, it would take for ever
    @pytest.mark.parametrize("content", ["<!-- a -->" * 5000, "<!--" * 20_000, " " * 100_000, "<!--" + "-" * 100_000])
    def test_no_content_takes_long_to_look_at(self, pages: Path, content: str) -> None:
        assert write(pages).wrap(content + "x", {}) == content + "x"


@pytest.mark.parametrize(("development", "expected"), [(False, "one"), (True, "two")])
def test_who_reads_a_changed_file_again(pages: Path, development: bool, expected: str) -> None:
    (pages / "a.html").write_text("one")
    templates = Templates(pages, development=development)
    assert templates.render("a.html", {}) == "one"
    (pages / "a.html").write_text("two")
    os.utime(pages / "a.html", (2_000_000_000, 2_000_000_000))
    assert templates.render("a.html", {}) == expected
