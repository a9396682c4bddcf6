"""What a browser shows of a failure, and what a terminal shows. Pure."""

import json
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from slugline.dev.failure import Failure, Frame

__all__ = ["LIVE_PATH", "render_html", "render_json", "render_text"]

LIVE_PATH = "/_slugline/live"

_STYLE = """
:root { color-scheme: dark }
* { box-sizing: border-box }
body { margin: 0; background: #111318; color: #e6e6e6; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem }
.where { color: #9aa3b2; margin: 0 0 .5rem }
h1 { font-size: 1.4rem; line-height: 1.35; margin: 0 0 1.5rem; color: #ff8080; overflow-wrap: anywhere; white-space: pre-wrap }
h2 { font-size: 1rem; margin: 1.75rem 0 .5rem; color: #cdd3de; overflow-wrap: anywhere }
pre { margin: 0; padding: .9rem 0; background: #1a1d24; border: 1px solid #2a2f3a; border-radius: 8px; overflow-x: auto }
pre { font: 14px/1.55 ui-monospace, monospace }
pre span { display: block; padding: 0 1rem; min-width: max-content }
pre .hit { background: #4a1f24 }
pre i { font-style: normal; color: #8b95a7; display: inline-block; width: 2.5em; margin-right: 1.25em }
pre i { text-align: right; user-select: none }
pre .hit i { color: #ff8080 }
pre + .where { margin-top: .75rem }
ol { margin: .5rem 0; padding-left: 2.25rem; font: 14px/1.7 ui-monospace, monospace; color: #9aa3b2; overflow-wrap: anywhere }
details { margin-top: 1.5rem } summary { cursor: pointer; color: #9aa3b2 }
footer { margin-top: 2.5rem; color: #8b95a7; font-size: .9rem }
"""

# The page goes away by itself: the server says when something has been loaded again, and when it comes back after a restart.
_SCRIPT = """
const source = new EventSource(%s);
let opened = false;
source.addEventListener("reload", () => location.reload());
source.onopen = () => { if (opened) location.reload(); opened = true; };
"""


def render_html(failures: Sequence[tuple[str, Failure]], *, footer: str = "", live_path: str = LIVE_PATH) -> str:
    """Make the page for failures, each with the line that stands above it, such as "GET /api/post/7"."""
    parts = [_render_one(where, failure) for where, failure in failures]
    title = escape(failures[0][1].title if failures else "Slugline")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><main data-slugline-overlay>{''.join(parts)}"
        f"<footer>{escape(footer)} This page is shown by <code>slugline dev</code> only, and reloads when the file is saved.</footer>"
        f"</main><script>{_SCRIPT % json.dumps(live_path)}</script></body></html>\n"
    )


def _render_one(where: str, failure: Failure) -> str:
    parts = [f'<p class="where">{escape(where)}</p><h1>{escape(failure.title)}</h1>']
    if failure.own is not None:
        parts.append(_render_source(failure.own))
    if failure.code is not None:
        parts.append(f'<p class="where">Error <code>{escape(failure.code)}</code>: see docs/errors/{escape(failure.code)}.md</p>')
    below = [(f"Caused by {each.title}", each) for each in _causes(failure)] + _name_parts(failure)
    parts += [f"<h2>{escape(heading)}</h2>{_render_source(each.own) if each.own else ''}" for heading, each in below]
    frames = failure.frames
    if frames:
        items = "".join(f"<li>{escape(_name_place(frame))}</li>" for frame in frames)
        parts.append(f"<details><summary>{_count_frames(failure)}</summary><ol>{items}</ol></details>")
    return "".join(parts)


def _render_source(frame: Frame) -> str:
    marks = {frame.line: ' class="hit"'}
    rows = "".join(f"<span{marks.get(number, '')}><i>{number}</i>{escape(text) or ' '}</span>" for number, text in frame.lines)
    heading = f"<h2>{escape(_name_place(frame))}</h2>"
    return f"{heading}<pre>{rows}</pre>" if rows else heading


def render_json(failure: Failure) -> dict[str, object]:
    """Give the failure as an object for clients that take JSON."""
    own = failure.own
    error: dict[str, object] = {"type": failure.kind, "message": failure.message}
    if own is not None:
        error |= {"file": own.file, "line": own.line, "source": dict(own.lines).get(own.line, "").strip()}
    if failure.code is not None:
        error["code"] = failure.code
    if failure.parts:
        error["exceptions"] = [render_json(each)["error"] for each in failure.parts]
    error["frames"] = [frame.place for frame in failure.frames]
    return {"error": error}


def render_text(where: str, failure: Failure) -> str:
    """Give the failure for a terminal or a plain client: message, own frame with source lines, then the rest."""
    lines = [f"{where}: {failure.title}" if where else failure.title]
    lines += _own_text(failure)
    for each in _causes(failure):
        lines += [f"  caused by {each.title}", *_own_text(each)]
    for heading, each in _name_parts(failure):
        lines += [f"  {heading}", *_own_text(each)]
    rest = [frame for frame in failure.frames if frame != failure.own]
    if rest:
        lines.append(f"  frames, outermost first{f', without {failure.left_out} in the middle' if failure.left_out else ''}:")
        lines += [f"    {_name_place(frame)}" for frame in rest]
    return "\n".join(lines)


def _own_text(failure: Failure) -> list[str]:
    own = failure.own
    if own is None:
        return []
    rows = [f"  {'>' if number == own.line else ' '} {number:>4} | {text}" for number, text in own.lines]
    return [f"  {_name_place(own)}", *rows]


def _name_place(frame: Frame) -> str:
    return f"{frame.place}, in {frame.function}" if frame.function else frame.place


def _causes(failure: Failure) -> list[Failure]:
    """Give the exceptions behind it whose own frame has not been shown yet."""
    causes: list[Failure] = []
    below = failure.cause
    shown = {failure.own}
    while below is not None:
        if below.own not in shown or below.own is None:
            causes.append(below)
            shown.add(below.own)
        below = below.cause
    return causes


def _name_parts(failure: Failure) -> list[tuple[str, Failure]]:
    """Give the exceptions of a group, of groups in it too, each with its heading: "1 of 2: ValueError: no".

    What failed at the same place as one before it comes without the lines of that.
    """
    named: list[tuple[str, Failure]] = []
    for number, part in enumerate(failure.parts, 1):
        named += [(f"{number} of {len(failure.parts)}: {part.title}", part), *_name_parts(part)]
    places = [part.own for _, part in named]
    return [
        (heading, replace(part, own=replace(part.own, lines=())) if part.own is not None and part.own in places[:index] else part)
        for index, (heading, part) in enumerate(named)
    ]


def _count_frames(failure: Failure) -> str:
    if failure.left_out:
        return f"{len(failure.frames)} frames, outermost first, without {failure.left_out} in the middle"
    return f"All {len(failure.frames)} frames, outermost first"
