"""The guestbook answers as its README says, with SQLite and with PostgreSQL."""

import html
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picture_samples import NO_PICTURES, PICTURES, make_png
from slugline.testing import Response, TestClient
from user_modules import own_modules


@pytest.fixture(scope="module")
def client(new_database: Callable[[], str], copy_guestbook: Callable[[], Path]) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch, own_modules():
        patch.setenv("DATABASE_URL", new_database())
        with TestClient(copy_guestbook()) as client:
            yield client


def sign(client: TestClient, name: object = "Ada", message: object = "Hello", **options: Any) -> Response:
    return client.post("/api/sign", data={"name": name, "message": message}, **options)


def number_of(signed: Response) -> int:
    found = re.fullmatch(r"/#entry-(\d+)", signed.headers["location"])
    assert (signed.status_code, found is not None) == (303, True)
    return int(found[1])  # type: ignore[index]


def fault_of(response: Response, field: str) -> str:
    """Give the text that the page shows under a field."""
    found = re.search(rf'<p class="field-error" id="field-{field}-error">(.*?)</p>', response.text)
    return html.unescape(found[1]) if found else ""


def test_an_entry_is_saved_and_shown_everywhere(client: TestClient) -> None:
    assert client.get("/").status_code == 200
    number = number_of(sign(client, "Ada", "<b>It's</b>'); DROP TABLE entries; --\r\nsecond line"))
    for path in ("/", f"/entry/{number}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "&lt;b&gt;It&#39;s&lt;/b&gt;&#39;); DROP TABLE entries; --\nsecond line" in page.text
    newest = client.get("/api/entries").json()["entries"][0]
    assert (newest["id"], newest["name"], newest["picture_size"]) == (number, "Ada", None)
    assert newest["signed_at"].endswith("Z")


def test_the_page_is_made_anew_after_an_entry_and_kept_otherwise(client: TestClient) -> None:
    sign(client, "Grace", "Kept")
    asked = [client.get("/") for _ in range(2)]
    assert [page.headers["x-nextjs-cache"] for page in asked] == ["HIT", "HIT"]
    assert all("Kept" in page.text for page in asked)


LONG = "x" * 1001


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"name": "", "message": "typed"}, {"name": "Your name is missing."}),
        ({"name": "  ", "message": "typed"}, {"name": "Your name is missing."}),
        ({"message": "typed"}, {"name": "Your name is missing."}),
        ({"name": "\0", "message": "typed"}, {"name": "Your name is missing."}),
        ({}, {"name": "Your name is missing.", "message": "Message is missing."}),
        ({"name": "n" * 81, "message": "typed"}, {"name": "Your name must have at most 80 characters."}),
        ({"name": "Ada", "message": LONG}, {"message": "Message must have at most 1000 characters."}),
        ({"name": ["Ada", "Grace"], "message": "typed"}, {"name": "Your name must be text, and only one."}),
        ({"name": "Ada", "message": "typed", "picture": "a text"}, {"picture": "Picture must be an uploaded file."}),
    ],
)
def test_a_fault_is_told_and_what_was_typed_stays(client: TestClient, values: dict[str, Any], faults: dict[str, str]) -> None:
    count = len(client.get("/api/entries").json()["entries"])
    answer = client.post("/api/sign", data=values)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "no-store" in answer.headers["cache-control"]
    assert {field: text for field in ("name", "message", "picture") if (text := fault_of(answer, field))} == faults
    if values.get("message"):
        assert f">\n{values['message']}</textarea>" in answer.text
    assert len(client.get("/api/entries").json()["entries"]) == count
    # What one visitor typed is in no page that another gets.
    assert "field-error" not in client.get("/").text


def test_what_was_typed_is_escaped_when_it_comes_back(client: TestClient) -> None:
    answer = sign(client, '"><script>alert(1)</script>' + "n" * 80, "</textarea><script>alert(2)</script>")
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)' in answer.text


def test_a_line_break_counts_once_as_in_the_browser(client: TestClient) -> None:
    assert sign(client, message="\r\n".join(["x" * 9] * 100)).status_code == 303


def test_characters_that_a_database_refuses_are_dropped(client: TestClient) -> None:
    sign(client, "A\0d\x07a", "one\0\ntwo\x1b")
    newest = client.get("/api/entries").json()["entries"][0]
    assert (newest["name"], newest["message"]) == ("Ada", "one\ntwo")


def test_a_visit_of_the_address_of_the_form_leads_to_the_page(client: TestClient) -> None:
    answer = client.get("/api/sign")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_many_sign_at_once(client: TestClient) -> None:
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.append(number_of(sign(client, "crowd")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 8
    page = client.get("/").text
    assert all(f'id="entry-{number}"' in page for number in numbers)


# Pictures


@pytest.mark.parametrize("media_type", PICTURES)
def test_a_picture_is_served_as_what_it_is(client: TestClient, media_type: str) -> None:
    # Neither the name nor the type that the client gives counts.
    number = number_of(sign(client, files={"picture": ("../../evil.html", PICTURES[media_type], "text/html")}))
    served = client.get(f"/api/picture/{number}")
    assert (served.status_code, served.content) == (200, PICTURES[media_type])
    assert served.headers["content-type"] == media_type
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]
    assert client.get("/api/entries").json()["entries"][0]["picture_size"] == [3, 2]
    assert f'<img src="/api/picture/{number}" width="3" height="2"' in client.get("/").text


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused(client: TestClient, name: str) -> None:
    media_type, content = NO_PICTURES[name]
    answer = sign(client, message="typed", files={"picture": ("picture.png", content, media_type)})
    assert (answer.status_code, fault_of(answer, "picture")) == (422, "Picture must be a JPEG, PNG, WebP or GIF.")
    assert ">\ntyped</textarea>" in answer.text


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (make_png(3, 2) + b"\0" * 5_000_000, "Picture must not be larger than 5 MB."),
        (make_png(3, 0), "Picture must not have more than 50 million pixels."),
        (make_png(3, 2).replace(b"\0\0\0\3\0\0\0\2", b"\0\1\0\0\0\1\0\0"), "Picture must not have more than 50 million pixels."),
    ],
    ids=["bytes", "no pixels", "pixels"],
)
def test_a_picture_that_is_too_large_is_refused(client: TestClient, content: bytes, fault: str) -> None:
    answer = sign(client, files={"picture": ("picture.png", content, "image/png")})
    assert (answer.status_code, fault_of(answer, "picture")) == (422, fault)


def test_an_upload_beyond_the_limit_of_the_route_shows_the_form_again(client: TestClient) -> None:
    answer = sign(client, "<Ada>", "typed", files={"picture": ("picture.png", b"\0" * 9_000_000, "image/png")})
    assert (answer.status_code, fault_of(answer, "picture")) == (413, "Picture must not be larger than 5 MB.")
    assert ">\ntyped</textarea>" in answer.text
    assert 'value="&lt;Ada&gt;"' in answer.text


def keep(client: TestClient, content: bytes, media_type: str) -> bytes:
    """Send a picture, and give it as it comes back."""
    number = number_of(sign(client, files={"picture": ("picture", content, media_type)}))
    return client.get(f"/api/picture/{number}").content


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


PLACE = b"48.8584 N"


@pytest.mark.parametrize(
    "notes",
    [
        segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + PLACE),
        segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff" + PLACE),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PLACE),
        segment(0xE2, b"MPF\0" + PLACE),
        segment(0xED, b"Photoshop 3.0\0" + PLACE),
        segment(0xFE, PLACE) + b"\xff",
    ],
    ids=["EXIF", "broken EXIF", "XMP", "several pictures", "IPTC", "comment"],
)
def test_where_a_jpeg_was_taken_is_left_out(client: TestClient, notes: bytes) -> None:
    plain = PICTURES["image/jpeg"]
    assert keep(client, plain[:2] + notes + plain[2:] + PLACE, "image/jpeg") == plain


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_jpeg_that_is_to_be_turned_still_is(client: TestClient, order: str) -> None:
    plain = PICTURES["image/jpeg"]
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = [(0x010F, 2, 9, 50), (0x0112, 3, 1, 6 if order == "<" else 6 << 16)]
    notes = mark + struct.pack(f"{order}IH", 8, 2) + b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries) + b"\0" * 4 + PLACE
    kept = keep(client, plain[:2] + segment(0xE1, b"Exif\0\0" + notes) + plain[2:], "image/jpeg")
    turned = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    assert kept == plain[:2] + segment(0xE1, b"Exif\0\0" + turned) + plain[2:]


def test_what_a_jpeg_needs_to_be_shown_stays(client: TestClient) -> None:
    plain = PICTURES["image/jpeg"]
    needed = segment(0xE2, b"ICC_PROFILE\0\1\1colours") + segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")
    content = plain[:2] + needed + plain[2:-2] + b"\xff\0\xff\xd0" + segment(0xC4, b"table") + segment(0xDA, b"scan") + b"pixels\xff\xd9"
    assert keep(client, content, "image/jpeg") == content


@pytest.mark.parametrize("kind", [b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"])
def test_where_a_png_was_taken_is_left_out(client: TestClient, kind: bytes) -> None:
    plain = PICTURES["image/png"]
    colours = chunk(b"gAMA", b"\0\0\xb1\x8f")
    assert keep(client, plain[:33] + chunk(kind, PLACE) + colours + plain[33:] + PLACE, "image/png") == plain[:33] + colours + plain[33:]


def test_where_a_webp_was_taken_is_left_out(client: TestClient) -> None:
    plain = PICTURES["image/webp"]
    notes = b"".join(kind + len(PLACE).to_bytes(4, "little") + PLACE + b"\0" for kind in (b"EXIF", b"XMP "))
    whole = b"RIFF" + (len(plain) - 8 + len(notes)).to_bytes(4, "little") + plain[8:20] + bytes([plain[20] | 0b1100]) + plain[21:] + notes
    assert keep(client, whole + PLACE, "image/webp") == plain


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/webp"])
def test_a_picture_that_was_cut_off_is_refused_or_no_picture(client: TestClient, media_type: str) -> None:
    whole = PICTURES[media_type]
    faults = {"Picture must be a JPEG, PNG, WebP or GIF.", "Picture is damaged."}
    for length in range(1, len(whole)):
        answer = sign(client, files={"picture": ("picture", whole[:length], media_type)})
        assert answer.status_code == 422
        assert fault_of(answer, "picture") in faults


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xc0\0\x0b\x08\0\2\0\3\1\1\x11\0" + b"\xff\xe1\0\2" * 600_000, None], ids=["JPEG", "PNG"]
)
def test_a_picture_of_nothing_but_pieces_is_refused(client: TestClient, content: bytes | None) -> None:
    answer = sign(client, files={"picture": ("picture", content or make_png(3, 2)[:33] + chunk(b"tEXt", b"") * 200_000, "image/png")})
    assert (answer.status_code, fault_of(answer, "picture")) == (422, "Picture is damaged.")


def test_a_file_input_that_was_left_empty_is_no_picture(client: TestClient) -> None:
    number = number_of(sign(client, files={"picture": ("", b"", "application/octet-stream")}))
    assert client.get(f"/api/picture/{number}").status_code == 404


def test_a_picture_has_to_be_chosen_again_after_another_fault(client: TestClient) -> None:
    answer = sign(client, name="", files={"picture": ("picture.png", PICTURES["image/png"], "image/png")})
    assert "Choose it once more, please." in answer.text


@pytest.mark.parametrize("number", ["0", "01", "-1", "x", "999999999", "99999999999999999999", "%20", "1%2F2", "٣"])
@pytest.mark.parametrize("path", ["/api/picture/", "/entry/"])
def test_a_number_that_there_is_not(client: TestClient, path: str, number: str) -> None:
    assert client.get(path + number).status_code == 404


# Older entries


def test_older_entries_are_a_page_away(client: TestClient) -> None:
    newest = max(number_of(sign(client, "many", f"entry {index}")) for index in range(25))
    turn = re.search(r'href="(/older\?before=\d+)"', client.get("/").text)
    assert turn is not None
    older = client.get(turn[1])
    assert (older.status_code, f"entry-{newest}" in older.text) == (200, False)
    assert "entry 0" in older.text
    assert client.get("/older?before=1").status_code == 404
    assert [client.get(f"/older{query}").status_code for query in ("", "?before=x", "?before=1&before=2")] == [307] * 3


# Other sites

OWN = {"Host": "guestbook.example"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "https://guestbook.example"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://guestbook.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://guestbook.example.evil.example"}, 403),
        ({"Origin": "https://guestbook.example:8443"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example", "Referer": "https://guestbook.example/"}, 403),
    ],
)
@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "json"])
def test_the_form_of_another_site_is_refused(client: TestClient, headers: dict[str, str], status: int, kind: str) -> None:
    values = {"name": "Mallory", "message": "from elsewhere"}
    body: dict[str, Any] = {
        "urlencoded": {"data": values},
        "multipart": {"data": values, "files": {"picture": ("", b"", "application/octet-stream")}},
        "json": {"json": values},
    }[kind]
    before = client.get("/api/entries").json()
    answer = client.post("/api/sign", headers={**OWN, **headers}, **body)
    assert answer.status_code == status
    assert (client.get("/api/entries").json() == before) == (status == 403)


# The functions below


@pytest.fixture(scope="module")
def read_picture(copy_guestbook: Callable[[], Path]) -> Iterator[Callable[[bytes], Any]]:
    with pytest.MonkeyPatch.context() as patch, own_modules():
        patch.syspath_prepend(copy_guestbook())
        from lib.pictures import read_picture

        yield read_picture


MAGIC = [
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBPVP8X",
    b"RIFF\0\0\0\0WEBPVP8L",
    b"RIFF\0\0\0\0WEBPVP8 ",
    b"\xff\xd8\xff",
]


@given(start=st.sampled_from(MAGIC), rest=st.binary(max_size=60))
def test_any_bytes_are_a_picture_or_refused(read_picture: Callable[[bytes], Any], start: bytes, rest: bytes) -> None:
    try:
        picture = read_picture(start + rest)
    except ValueError as refused:
        refusal = type(refused).__name__
    else:
        refusal = "" if picture.width * picture.height > 0 else "no pixels"
    assert refusal in ("", "UnfitPicture")
