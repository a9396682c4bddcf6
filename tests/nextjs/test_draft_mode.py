"""Draft mode between the two languages, through the commands and a real Next.js: each understands the cookies of the other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from behaviour.wire import wait_until
from nextjs.run_command import Run, build, open_folder, running

pytestmark = pytest.mark.timeout(150)

DATA = {"revision": 7, "words": ["tea", "Tée"]}
FILES = {
    "package.json": '{ "name": "site", "private": true, "dependencies": { "next": "16.4.6", "react": "19.3.1", "react-dom": "19.3.1" } }',
    "pages/post.js": """
export const getStaticProps = (context) => ({
  props: { draft: context.draftMode === true, preview: context.preview === true, data: context.previewData ?? null },
})
export default (props) => <pre id="seen">{JSON.stringify(props)}</pre>
""",
    "pages/api/js/draft.js": """
export default (req, res) => {
  if (req.method === 'POST') res.setPreviewData(req.body)
  else res.setDraftMode({ enable: req.method !== 'DELETE' })
  res.json(1)
}
""",
    "pages/api/js/seen.js": """
export default (req, res) => res.json({ draft: req.draftMode === true, data: req.previewData || null })
""",
    "pages/api/py/draft.py": """
def handler(req, res):
    if req.method == "POST":
        res.set_preview_data(req.body)
    else:
        res.set_draft_mode(req.method != "DELETE")
    res.json(1)
""",
    "pages/api/py/seen.py": """
def handler(req, res):
    res.json({"draft": req.draft_mode, "data": req.preview_data or None})
""",
}
# What cannot be read from the text of a next.config, as well.
CONFIGS = {
    "plain": "export default { agentRules: false }",
    "distDir": "export default { agentRules: false, distDir: ['out', 'next'].join('/') }",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module", params=[(command, config) for command in ("dev", "start") for config in CONFIGS], ids="-".join)
def run(folder: Path, request: pytest.FixtureRequest) -> Iterator[Run]:
    command, config = request.param
    directory = folder / f"{command}-{config}"
    for name, text in {**FILES, "next.config.mjs": CONFIGS[config]}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        if config == "distDir" and command == "start":
            patch.setenv("SLUGLINE_DIST_DIR", "out/next")
        if command == "start":
            build(directory)
        with running(directory, command, first="/api/py/seen") as run:
            wait_until(lambda: run.ask("/api/js/seen").status == 200, "JavaScript answers")
            yield run


def take_cookies(run: Run, target: str, *arguments: Any) -> list[tuple[str, str]]:
    """Ask, and give the Cookie field that a browser sends from then on; none for cookies that it drops."""
    answer = run.ask(target, *arguments)
    assert answer.status == 200, (target, answer, run.log())
    lines = [value for name, value in answer.fields if name == "set-cookie"]
    pairs = [line.partition(";")[0] for line in lines if "1970" not in line and "Max-Age=0" not in line]
    return [("Cookie", "; ".join(pairs))] if pairs else []


def ask_json(run: Run, target: str, cookies: list[tuple[str, str]]) -> Any:
    answer = run.ask(target, "GET", cookies)
    assert answer.status == 200, (target, answer, run.log())
    return json.loads(answer.body)


def read_page(run: Run, cookies: list[tuple[str, str]]) -> Any:
    answer = run.ask("/post", "GET", cookies)
    assert answer.status == 200, (answer, run.log())
    text = answer.body.decode().partition('id="seen">')[2].partition("</pre>")[0]
    return json.loads(text.replace("&quot;", '"'))


@pytest.mark.parametrize("by", ["js", "py"])
def test_draft_mode_that_either_turns_on_is_seen_by_both(run: Run, by: str) -> None:
    assert ask_json(run, "/api/py/seen", []) == ask_json(run, "/api/js/seen", []) == {"draft": False, "data": None}
    assert read_page(run, []) == {"draft": False, "preview": False, "data": None}

    on = take_cookies(run, f"/api/{by}/draft")
    for seen in ("py", "js"):
        assert ask_json(run, f"/api/{seen}/seen", on)["draft"] is True
    page = read_page(run, on)
    assert (page["draft"], page["preview"]) == (True, True)

    assert take_cookies(run, f"/api/{by}/draft", "DELETE", on) == []


@pytest.mark.parametrize("by", ["js", "py"])
def test_preview_data_that_either_sets_is_read_by_both(run: Run, by: str) -> None:
    on = take_cookies(run, f"/api/{by}/draft", "POST", [("Content-Type", "application/json")], json.dumps(DATA).encode())
    for seen in ("py", "js"):
        assert ask_json(run, f"/api/{seen}/seen", on) == {"draft": True, "data": DATA}
    assert read_page(run, on) == {"draft": True, "preview": True, "data": DATA}


def test_cookies_of_other_keys_say_nothing(run: Run) -> None:
    other = [("Cookie", "__prerender_bypass=" + "0" * 32)]
    assert ask_json(run, "/api/py/seen", other)["draft"] is False
    assert ask_json(run, "/api/js/seen", other)["draft"] is False
