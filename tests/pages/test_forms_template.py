"""The macros of slugline/forms.html: what was typed comes back, escaped, and each fault is told where it is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slugline.pages.templates import Templates
from slugline.schema.form import Form

Show = Callable[..., str]


@pytest.fixture
def show(tmp_path: Path) -> Show:
    """Render a call of a macro, with a form; white space between tags is left out."""

    def show(call: str, form: Form[Any] | None = None) -> str:
        (tmp_path / "page.html").write_text(f'{{% from "slugline/forms.html" import field, summary %}}{{{{ {call} }}}}')
        text = Templates(tmp_path).render("page.html", {"form": form})
        return re.sub(r">\s+<(?!/textarea)", "><", text).strip()

    return show


def filled(values: dict[str, Any], **errors: str) -> Form[Any]:
    form: Form[Any] = Form(values, {})
    form.errors.update(errors)
    return form


LABEL = '<label for="field-name">Name</label>'
ESCAPED = '<label for="field-name">&lt;Name&gt;</label>'
HINT = '<p class="field-hint" id="field-name-hint">As you like.</p>'
CHOSEN = '<option value="l" selected>large</option>'


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('field(form, "name", "Name")', f'{LABEL}<input type="text" id="field-name" name="name" value="">'),
        ('field(form, "name", "Name", value="Ada")', f'{LABEL}<input type="text" id="field-name" name="name" value="Ada">'),
        (
            'field(form, "name", "Name", type="email", required=true, disabled=false, maxlength=80, aria_label="x", title=none)',
            f'{LABEL}<input type="email" id="field-name" name="name" value="" required maxlength="80" aria-label="x">',
        ),
        (
            'field(form, "name", "Name", hint="As you like.")',
            f'{LABEL}<input type="text" id="field-name" name="name" aria-describedby="field-name-hint" value="">{HINT}',
        ),
        (
            'field(form, "name", "Name", type="textarea", rows=5)',
            f'{LABEL}<textarea id="field-name" name="name" rows="5">\n</textarea>',
        ),
        (
            'field(form, "name", "Name", type="file", accept="image/png")',
            f'{LABEL}<input type="file" id="field-name" name="name" accept="image/png">',
        ),
        (
            'field(form, "name", "Name", type="checkbox")',
            '<label><input type="checkbox" id="field-name" name="name"> Name</label>',
        ),
        (
            'field(form, "name", "Name", type="select", value="l", options={"s": "small", "l": "large"})',
            f'{LABEL}<select id="field-name" name="name"><option value="s">small</option>{CHOSEN}</select>',
        ),
        (
            'field(form, "name", "<Name>", title="\\"")',
            f'{ESCAPED}<input type="text" id="field-name" name="name" value="" title="&#34;">',
        ),
    ],
)
def test_a_field_of_a_form_that_nobody_has_filled_in(show: Show, call: str, expected: str) -> None:
    assert show(call) == f'<div class="field">{expected}</div>'


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("text", "Ada", 'value="Ada"'),
        ("text", '"><script>', 'value="&#34;&gt;&lt;script&gt;"'),
        ("text", 7, 'value="7"'),
        ("text", ["Ada", "Grace"], 'value=""'),
        ("text", {"a": 1}, 'value=""'),
        ("textarea", "\n</textarea><script>", ">\n\n&lt;/textarea&gt;&lt;script&gt;</textarea>"),
        ("checkbox", "on", 'name="name" checked>'),
        ("select", "7", '<option value="7" selected>seven</option>'),
    ],
)
def test_what_was_typed_comes_back(show: Show, kind: str, typed: object, expected: str) -> None:
    shown = show(f'field(form, "name", "Name", type="{kind}", value="before", options={{7: "seven"}})', filled({"name": typed}))
    assert expected in shown
    assert "before" not in shown


@pytest.mark.parametrize("kind", ["password", "file"])
def test_what_is_never_sent_back(show: Show, kind: str) -> None:
    assert "secret" not in show(f'field(form, "name", "Name", type="{kind}")', filled({"name": "secret"}))


@pytest.mark.parametrize("kind", ["text", "textarea", "select", "file", "checkbox"])
def test_a_fault_is_tied_to_its_field(show: Show, kind: str) -> None:
    shown = show(f'field(form, "name", "Your name", type="{kind}", hint="Any.")', filled({}, name="is <missing>", other="is wrong"))
    assert 'aria-invalid="true" aria-describedby="field-name-hint field-name-error"' in shown
    assert '<p class="field-error" id="field-name-error">Your name is &lt;missing&gt;.</p>' in shown
    assert "is wrong" not in shown


def test_a_field_without_a_fault_says_nothing_of_one(show: Show) -> None:
    shown = show('field(form, "name", "Name")', filled({"name": "Ada"}, other="is wrong"))
    assert "aria-" not in shown
    assert "field-error" not in shown


def test_a_summary_is_shown_when_something_is_wrong(show: Show) -> None:
    assert show("summary(form)") == show("summary(form)", filled({})) == ""
    shown = show('summary(form, "Look again.")', filled({}, name="is missing"))
    assert shown == '<div class="form-errors" role="alert"><p>Look again.</p></div>'


def test_the_summary_tells_what_is_wrong_with_the_whole(show: Show) -> None:
    form = filled({})
    form.fail("", "was sent already")
    assert "<p>The form was sent already.</p>" in show("summary(form)", form)
