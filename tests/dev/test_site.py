"""`slugline dev` and what is not a route: pages, templates, public files, rules and root middleware."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from behaviour.wire import wait_until
from dev.dev_process import BROWSER, DevProcess

COUNT = "def get_static_props(context):\n    return {{'props': {{'count': {count}}}, 'revalidate': 60}}\n"
OWN_CALL = """
import urllib.request

def get_server_side_props(context):
    return {{"props": {{"text": urllib.request.urlopen("http://127.0.0.1:{port}/api").read().decode()}}}}
"""


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[DevProcess]:
    with DevProcess(tmp_path, {"pages/index.html": "<h1>One {{ count }}</h1>", "pages/index.py": COUNT.format(count=1)}) as process:
        yield process
        assert process.server.process.poll() is None, process.log()


def wait_for_text(dev: DevProcess, target: str, text: str) -> None:
    wait_until(lambda: text in dev.ask(target).body.decode(), f"{target} says {text}\n{dev.log()[-3000:]}")


def test_pages_templates_and_their_parts(dev: DevProcess) -> None:
    answer = dev.ask("/")
    assert (answer.status, answer.body) == (200, b"<h1>One 1</h1>")
    assert answer.header("cache-control") == "no-store"
    dev.save("pages/index.py", COUNT.format(count=2))
    wait_for_text(dev, "/", "<h1>One 2</h1>")
    dev.save("pages/index.html", "<h1>Two {{ count }}</h1>")
    wait_for_text(dev, "/", "<h1>Two 2</h1>")
    dev.save("pages/_app.html", "<!doctype html><title>Site</title>{{ content }}")
    wait_for_text(dev, "/", "<title>Site</title><h1>Two 2</h1>")
    dev.save("pages/post/[slug].html", "<p>{{ params.slug }}</p>")
    dev.wait_for_status("/post/hello", 200)
    dev.wait_for_line(r"\+ pages/post/\[slug\]\.html answers /post/\[slug\]")
    (dev.root / "pages/post/[slug].html").unlink()
    dev.wait_for_status("/post/hello", 404)
    dev.wait_for_line(r"- pages/post/\[slug\]\.html is gone")
    dev.save("pages/404.html", "<p>Nothing here</p>")
    wait_for_text(dev, "/post/hello", "Nothing here")


def test_a_template_that_fails_is_shown_and_heals(dev: DevProcess) -> None:
    dev.save("pages/index.html", "<h1>One</h1>\n<p>{{ nothing }}</p>")
    failed = dev.wait_for_status("/", 500)
    assert b'"file":"pages/index.html","line":2,"source":"<p>{{ nothing }}</p>"' in failed.body
    shown = dev.ask("/", fields=BROWSER).body.decode()
    assert "pages/index.html, line 2" in shown
    assert "&lt;p&gt;{{ nothing }}&lt;/p&gt;" in shown
    dev.save("pages/index.html", "<h1>Healed</h1>")
    wait_for_text(dev, "/", "<h1>Healed</h1>")


def test_a_page_whose_functions_do_not_fit(dev: DevProcess) -> None:
    dev.save("pages/index.py", "def getStaticProps(context): pass\n")
    assert b"Name it `get_static_props`" in dev.wait_for_status("/", 500).body
    dev.wait_for_line(r"\[page\].*getStaticProps")
    dev.save("pages/index.py", COUNT.format(count=3))
    wait_for_text(dev, "/", "One 3")


def test_public_files_come_and_go(dev: DevProcess) -> None:
    assert dev.ask("/robots.txt").status == 404
    dev.save("public/robots.txt", "none")
    assert dev.wait_for_status("/robots.txt", 200).body == b"none"
    dev.save("public/robots.txt", "some")
    wait_for_text(dev, "/robots.txt", "some")
    (dev.root / "public/robots.txt").unlink()
    dev.wait_for_status("/robots.txt", 404)


def test_rules_and_root_middleware_come_change_and_go(dev: DevProcess) -> None:
    dev.save("slugline.config.py", 'redirects = [{"source": "/old", "destination": "/api", "permanent": False}]\n')
    assert dev.wait_for_status("/old", 307).header("location") == "/api"
    dev.wait_for_line(r"\+ slugline\.config\.py is in force")
    guard = "from slugline.middleware import respond\n\ndef middleware(req):\n    return respond('no', status={status})\n"
    dev.save("middleware.py", guard.format(status=401))
    dev.wait_for_status("/api", 401)
    dev.save("middleware.py", guard.format(status=403))
    dev.wait_for_status("/api", 403)
    (dev.root / "middleware.py").unlink()
    dev.wait_for_status("/api", 200)
    dev.wait_for_line(r"- middleware\.py is gone")
    (dev.root / "slugline.config.py").unlink()
    dev.wait_for_status("/old", 404)


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        ("middleware.py", "def middleware(req:\n", "SyntaxError"),
        ("middleware.py", "middleware = 3\n", "middleware is 3"),
        ("slugline.config.py", "trailing_slashes = True\n", "Name it trailing_slash"),
    ],
)
def test_nothing_is_open_while_the_guard_is_broken(dev: DevProcess, source: str, text: str, said: str) -> None:
    dev.save(source, text)
    assert said in dev.wait_for_status("/api", 500).body.decode()
    assert dev.ask("/").status == 500
    (dev.root / source).unlink()
    dev.wait_for_status("/api", 200)


def test_a_page_that_asks_its_own_api_is_told_to_call_the_function(dev: DevProcess) -> None:
    dev.save("pages/index.py", OWN_CALL.format(port=dev.port))
    assert b"asks its own API by HTTP while the page is made" in dev.wait_for_status("/", 500).body
