"""A visitor with a browser signs the guestbook, with and without JavaScript, at a desk and on a phone; and another site tries to."""

import functools
import http.client
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from browser import DESKTOP, PHONE, Browser, browser
from picture_samples import make_png
from servers import Server, start_granian

__all__ = ["browser"]  # a fixture

# What has nothing to do with the database is looked at once.
with_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def server(new_database: Callable[[], str], copy_guestbook: Callable[[], Path]) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", new_database())
        running = start_granian(copy_guestbook(), "--workers", "2")
    yield running
    running.stop()
    running.log_path.unlink()


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with browser.page(javascript=request.param) as page:
        yield page


def fill(page: Page, name: str, message: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Message").fill(message)


def send(page: Page) -> None:
    page.get_by_role("button", name="Sign the guestbook").click()
    page.wait_for_load_state()


def entry(page: Page, name: str) -> str:
    """Give the text of the newest entry of this name."""
    return page.get_by_role("article").filter(has_text=name).first.inner_text()


def test_fill_submit_see_reload(server: Server, page: Page) -> None:
    page.goto(server.base_url)
    fill(page, "Ada Lovelace", "<b>Hello</b>\nfrom the hills")
    send(page)
    assert re.fullmatch(r"/#entry-\d+", page.url.removeprefix(server.base_url))
    assert "<b>Hello</b>\nfrom the hills" in entry(page, "Ada Lovelace")
    count = page.get_by_role("article").count()
    page.reload()  # asks for the page, and signs no second time
    assert page.get_by_role("article").count() == count
    page.get_by_role("article").first.get_by_role("link").click()
    assert "from the hills" in entry(page, "Ada Lovelace")
    assert page.title() == "Ada Lovelace in the guestbook"


@with_sqlite
def test_a_fault_is_shown_and_what_was_typed_is_kept(server: Server, page: Page) -> None:
    page.goto(server.base_url)
    fill(page, "   ", "\nTyped with care & <i>kept</i>\n")  # blanks are enough for `required`
    send(page)
    name = page.get_by_label("Your name")
    assert name.get_attribute("aria-invalid") == "true"
    assert page.locator(f"#{name.get_attribute('aria-describedby')}").inner_text() == "Your name is missing."
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Message").input_value() == "\nTyped with care & <i>kept</i>\n"
    name.fill("Grace")
    send(page)
    assert "Typed with care & <i>kept</i>" in entry(page, "Grace")
    assert page.get_by_role("alert").count() == 0


def test_a_picture_is_uploaded_and_shown(server: Server, page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "hill.png"
    picture.write_bytes(make_png(240, 160))
    page.goto(server.base_url)
    fill(page, "Lin", "with a picture")
    page.get_by_label("Picture").set_input_files(picture)
    send(page)
    shown = page.get_by_role("img", name="Picture from Lin").first
    shown.scroll_into_view_if_needed()
    assert shown.evaluate("async image => { await image.decode(); return [image.naturalWidth, image.naturalHeight] }") == [240, 160]


@with_sqlite
def test_what_is_no_picture_is_refused(server: Server, page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "holiday.png"
    picture.write_text("<script>alert(1)</script>")
    page.goto(server.base_url)
    fill(page, "Mallory", "no picture")
    page.get_by_label("Picture").set_input_files(picture)
    send(page)
    assert page.locator("#field-picture-error").inner_text() == "Picture must be a JPEG, PNG, WebP or GIF."
    assert page.get_by_label("Message").input_value() == "no picture"


@with_sqlite
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_is_wider_than_the_window(server: Server, browser: Browser, size: object) -> None:
    with browser.page(size=size) as page:  # type: ignore[arg-type]
        page.goto(server.base_url)
        fill(page, "w" * 80, "W" * 300)
        send(page)
        for _ in range(2):
            width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert width <= window
            page.goto(page.get_by_role("article").first.get_by_role("link").evaluate("link => link.href"))


@with_sqlite
def test_the_page_complains_of_nothing(server: Server, browser: Browser) -> None:
    complaints: list[str] = []
    with browser.page() as page:
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda response: complaints.append(response.url) if response.status >= 400 else None)
        page.goto(server.base_url, wait_until="networkidle")
    assert complaints == []


# Another site


@pytest.fixture
def other_site(server: Server, tmp_path: Path) -> Iterator[str]:
    """A site on another port, whose page sends a form to the guestbook as soon as it is clicked; gives its address."""
    (tmp_path / "index.html").write_text(
        f'<form method="post" action="{server.base_url}/api/sign"><input name="name" value="Mallory">'
        '<input name="message" value="sent by another site"><button>Win a prize</button></form>'
    )
    (tmp_path / "plain.html").write_text((tmp_path / "index.html").read_text().replace("<form", '<form enctype="multipart/form-data"'))
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@with_sqlite
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "evil.localhost"])
@pytest.mark.parametrize("document", ["index.html", "plain.html"])
def test_the_form_of_another_site_is_refused(server: Server, browser: Browser, other_site: str, name: str, document: str) -> None:
    with browser.page() as page:
        page.goto(f"http://{name}:{urlsplit(other_site).port}/{document}")
        with page.expect_navigation() as navigation:
            page.get_by_role("button").click()
        assert (navigation.value.status, page.url) == (403, f"{server.base_url}/api/sign")
        page.goto(server.base_url)
        assert "sent by another site" not in page.content()


@with_sqlite
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "{own}"}, 303),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "{own}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_headers_of_another_site_are_refused_on_the_wire(server: Server, headers: dict[str, str], status: int) -> None:
    sent = {name: value.replace("{own}", server.base_url) for name, value in headers.items()}
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=20)
    connection.request("POST", "/api/sign", "name=Eve&message=Hi", {"Content-Type": "application/x-www-form-urlencoded", **sent})
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == status
