"""The script of a fallback, in a real browser: the page without data comes first, the page with data by itself."""

from pathlib import Path

from browser import Browser, browser
from servers import start_granian

__all__ = ["browser"]

FILES = {
    "_app.html": '<!doctype html><html lang="en"><body>{{ content }}</body></html>',
    "post/[slug].html": "{% if fallback %}<p id=waiting>Loading {{ params.slug }}</p>{% else %}<p id=done>{{ slug }}</p>{% endif %}",
    "post/[slug].py": (
        "def get_static_paths():\n    return {'paths': [], 'fallback': True}\n"
        "def get_static_props(context):\n    return {'props': {'slug': context.params['slug']}}\n"
    ),
}


def test_the_page_shows_itself_when_it_is_made(tmp_path: Path, browser: Browser) -> None:
    for name, text in FILES.items():
        (tmp_path / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pages" / name).write_text(text)
    server = start_granian(tmp_path, "--workers", "2")
    try:
        with browser.page(javascript=False) as page:
            page.goto(f"{server.base_url}/post/a%20b%2Fc")
            assert page.locator("#waiting").inner_text() == "Loading a b/c"
        with browser.page() as page:
            shown: list[str] = []
            page.on("response", lambda response: shown.append(f"{response.request.method} {response.status}"))
            page.goto(f"{server.base_url}/post/a%20b%2Fc")
            page.wait_for_selector("#done")
            assert page.locator("#done").inner_text() == "a b/c"
            assert [line for line in shown if not line.endswith("404")] == ["GET 200", "POST 204", "GET 200"]  # 404: /favicon.ico
    finally:
        server.stop()
