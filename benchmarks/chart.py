"""The chart of a run as SVG: a panel for each task, a bar for each program, as long as its ratio to Slugline.

GitHub shows it on white and on black, and a picture does not learn which: every colour here can be read on both, and there is no
background.
"""

from xml.sax.saxutils import escape

from report import OURS, sort_programs
from results import Entry, Results
from targets import write_number

FIGURES = {
    **dict.fromkeys(("async", "def", "dynamic", "json", "form", "upload", "stream", "etag", "idle"), "rate"),
    "blocking": "seconds",
    "start": "start",
    "memory": "loaded",
}
COLUMNS = 3
WIDTH = 340
GAP = 24
ROW = 17
HEAD = 40
NAME = 158
BAR = WIDTH - NAME - 44
TEXT, STRONG, QUIET = "#6e7781", "#2f81f7", "#8c959f"
COLOURS = {"slugline": STRONG, "limit": "none", "python": QUIET, "node": "#9a6700"}
FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"

Bars = list[tuple[Entry, float]]


def draw_chart(results: Results) -> str:
    """Draw every task that Slugline was measured in."""
    panels = [(title, task, find_bars(results, task)) for task, title in results.tasks.items() if task in FIGURES]
    panels = [panel for panel in panels if panel[2]]
    drawn: list[str] = []
    top = 46
    for start in range(0, len(panels), COLUMNS):
        row = panels[start : start + COLUMNS]
        for column, (title, task, bars) in enumerate(row):
            drawn.append(draw_panel(column * (WIDTH + GAP), top, title, FIGURES[task] == "rate", bars))
        top += HEAD + ROW * max(len(bars) for _, _, bars in row) + GAP
    width = COLUMNS * WIDTH + (COLUMNS - 1) * GAP
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {top}",
        "width": width,
        "height": top,
        "role": "img",
        "aria-label": "Benchmark: each program as a ratio to Slugline",
        "font-family": FONT,
        "font-size": 12,
        "fill": TEXT,
    }
    opening = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return "\n".join([f"<svg {opening}>", draw_legend(results), *drawn, "</svg>", ""])


def find_bars(results: Results, task: str) -> Bars:
    """Find each program's ratio to Slugline, the best first."""
    figure = FIGURES[task]
    measured = [program for program in results.programs if results.find(task, program.name, figure)]
    ratios = [
        (program, results.compare((task, program.name, figure), (task, OURS, figure)))
        for program in sort_programs(results, task, figure, measured)
    ]
    return [(program, ratio.median) for program, ratio in ratios if ratio is not None]


def draw_legend(results: Results) -> str:
    """Say what the bars are."""
    kinds = {"slugline": "Slugline", "limit": "the limit: an application that only sends bytes", "python": "Python", "node": "Node.js"}
    present = {program.kind for program in results.programs}
    parts, left = [], 0
    for kind, title in kinds.items():
        if kind in present:
            parts.append(f'<rect x="{left + 0.5}" y="6.5" width="11" height="11" {style_of(kind)}/>')
            parts.append(f'<text x="{left + 18}" y="16">{title}</text>')
            left += 18 + 7 * len(title) + 16
    note = "One worker on one core. Ratios to Slugline on Granian, the median of the rounds."
    return "\n".join([*parts, f'<text y="34" font-size="11">{note}</text>'])


def draw_panel(left: int, top: int, title: str, more_is_better: bool, bars: Bars) -> str:
    """Draw a task. The longest bar is cut at four times the median, or one slow program would make all others points."""
    longest = min(max(ratio for _, ratio in bars), max(4 * sorted(ratio for _, ratio in bars)[len(bars) // 2], 1.2))
    note = "requests a second; longer is better" if more_is_better else "shorter is better"
    lines = [
        f'<g transform="translate({left},{top})">',
        f'<text y="14" font-weight="600" font-size="13">{escape(title.replace("`", ""))}</text>',
        f'<text y="30" font-size="11">{note}</text>',
    ]
    one = f"{NAME + BAR / longest:.1f}"
    ends = f'x1="{one}" x2="{one}" y1="{HEAD - 3}" y2="{HEAD + ROW * len(bars)}"'
    lines.append(f'<line {ends} stroke="{STRONG}" stroke-opacity="0.4" stroke-dasharray="2 3"/>')
    lines += [draw_bar(HEAD + number * ROW, program, ratio, longest) for number, (program, ratio) in enumerate(bars)]
    return "\n".join([*lines, "</g>"])


def draw_bar(top: int, program: Entry, ratio: float, longest: float) -> str:
    """Draw a program."""
    length = max(BAR * min(ratio, longest) / longest, 1)
    weight = ' font-weight="600"' if program.kind == "slugline" else ""
    cut = " →" if ratio > longest else ""
    return (
        f'<text x="{NAME - 6}" y="{top + 11}" text-anchor="end" font-size="11"{weight}>{escape(shorten(program.title))}</text>'
        f'<rect x="{NAME + 0.5}" y="{top + 1.5}" width="{length:.1f}" height="{ROW - 5}" rx="1.5" {style_of(program.kind)}/>'
        f'<text x="{NAME + length + 5:.1f}" y="{top + 11}" font-size="11"{weight}>{write_number(ratio)}{cut}</text>'
    )


def style_of(kind: str) -> str:
    """Give the attributes of a bar: the limit is only an outline."""
    return f'fill="{COLOURS[kind]}"' if kind != "limit" else f'fill="none" stroke="{QUIET}" stroke-dasharray="3 2"'


def shorten(title: str, most: int = 25) -> str:
    """Cut a title that would leave its place."""
    return title if len(title) <= most else title[: most - 1] + "…"
