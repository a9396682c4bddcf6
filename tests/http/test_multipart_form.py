from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slugline.errors import BadRequest, RequestError
from slugline.http.multipart_form import FormLimits, MultipartForm, UploadFile, encode_form

BOUNDARY = "----form-boundary"


def parse(
    body: bytes, *, boundary: str = BOUNDARY, limits: FormLimits | None = None, step: int = 0
) -> tuple[dict[str, Any], dict[str, Any]]:
    form = MultipartForm(boundary, limits)
    try:
        for start in range(0, len(body), step or len(body) or 1):
            form.feed(body[start : start + (step or len(body))])
        return form.finish()
    except BaseException:
        form.close()
        raise


def part(disposition: str, content: str, more: str = "") -> str:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n{content}\r\n"


END = f"--{BOUNDARY}--\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (part('name="a"', "1") + END, {"a": "1"}),
        (part('name="a"', "1") + part('name="b"', "") + END, {"a": "1", "b": ""}),
        (part('name="a"', "1") + part('name="a"', "2") + part('name="a"', "3") + END, {"a": ["1", "2", "3"]}),
        (part('name="t"', "line 1\r\nline 2\r\n") + END, {"t": "line 1\r\nline 2\r\n"}),
        (part('name="ü"', "世界") + END, {"ü": "世界"}),
        (part('name="a%22b"', "1") + END, {'a"b': "1"}),
        (part('name=""', "1") + END, {"": "1"}),
        (part('name="f"; filename=""', "", "Content-Type: application/octet-stream\r\n") + part('name="a"', "1") + END, {"a": "1"}),
        (END, {}),
    ],
)
@pytest.mark.parametrize("step", [0, 1, 7])
def test_fields(body: str, expected: dict[str, Any], step: int) -> None:
    assert parse(body.encode(), step=step) == (expected, {})


def test_the_charset_of_a_part_or_of_the_form_is_used() -> None:
    latin = part('name="a"', "caf\xe9", "Content-Type: text/plain; charset=ISO-8859-1\r\n").encode("latin-1")
    assert parse(latin + END.encode()) == ({"a": "café"}, {})
    form = part('name="_charset_"', "iso-8859-1").encode() + part('name="a"', "caf\xe9").encode("latin-1") + END.encode()
    assert parse(form)[0]["a"] == "café"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        part('name="a"', "1").encode(),  # no end
        (part('name="a"', "1") + END).encode()[:-6],
        part('name="a"', "\xff").encode("latin-1") + END.encode(),  # not UTF-8
        part('name="a"', "1", "Content-Type: text/plain; charset=x-unknown\r\n").encode() + END.encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: attachment\r\n\r\n1\r\n{END}".encode(),
        f"--{BOUNDARY}\r\n\r\n1\r\n{END}".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\n1\r\n{END}".encode(),  # no name
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; filename="x; name=y"\r\n\r\n1\r\n{END}'.encode(),
        f"--{BOUNDARY}\r\nno colon\r\n\r\n1\r\n{END}".encode(),
        (part('name="a\nb"', "1") + END).encode(),  # a bare line feed in a header
        (part('name="a"', "1", "X-Note: a\nb\r\n") + END).encode(),
    ],
)
@pytest.mark.parametrize("step", [0, 1, 7])
def test_what_is_no_form_is_refused(body: bytes, step: int) -> None:
    with pytest.raises(BadRequest, match="Invalid body"):
        parse(body, step=step)


@pytest.mark.parametrize("boundary", ["", "a\nb"])
def test_what_is_no_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(BadRequest, match="Invalid body"):
        MultipartForm(boundary)


@pytest.mark.parametrize(
    ("limits", "body", "phrase"),
    [
        (FormLimits(max_parts=2), part('name="a"', "1") * 3 + END, "Body has too many parts"),
        (FormLimits(max_fields=2), part('name="a"', "1") * 3 + END, "Body has too many fields"),
        (FormLimits(max_files=2), part('name="a"; filename="f"', "1") * 3 + END, "Body has too many files"),
        (FormLimits(max_field_bytes=10), part('name="a"', "x" * 11) + END, "Body has a field that is too long"),
        (FormLimits(max_header_bytes=100), part(f'name="{"n" * 200}"', "1") + END, "Body has a part with too many or too long headers"),
        (FormLimits(), part('name="a"', "1", "X-Note: 1\r\n" * 20) + END, "Body has a part with too many or too long headers"),
    ],
)
def test_limits(limits: FormLimits, body: str, phrase: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(body.encode(), limits=limits)
    assert (caught.value.status, caught.value.phrase) == (413, phrase)


def test_a_form_at_its_limits_passes() -> None:
    body = part('name="a"', "x" * 10) * 2 + part('name="f"; filename="f"', "1") * 2 + END
    fields, files = parse(body.encode(), limits=FormLimits(max_parts=4, max_fields=2, max_files=2, max_field_bytes=10))
    assert (len(fields["a"]), len(files["f"])) == (2, 2)
    for file in files["f"]:
        file.close()


def upload(filename: str, content: bytes, *, spool_bytes: int = 256) -> UploadFile:
    body = encode_form([], [("f", filename, content, "text/x-test")], BOUNDARY)
    file = parse(body, limits=FormLimits(spool_bytes=spool_bytes), step=100)[1]["f"]
    assert isinstance(file, UploadFile)
    return file


@pytest.mark.parametrize(
    ("raw", "filename"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\x\\photo.jpg", "photo.jpg"),
        ("a\x00b.txt", "ab.txt"),
        ("名前.txt", "名前.txt"),
        ("..", ""),
        (".", ""),
        ("a/..", ""),
    ],
)
def test_a_file_name_is_never_a_path(raw: str, filename: str) -> None:
    file = upload(raw, b"x")
    assert file.filename == filename
    assert "/" not in file.filename
    file.close()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 300_000])
def test_a_file_in_memory_or_on_disk_reads_the_same(size: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    file = upload("a.bin", content)
    assert (file.size, file.content_type) == (size, "text/x-test")
    assert file.headers["content-type"] == "text/x-test"
    assert file.read() == content
    assert file.read() == b""
    assert on_disk(file) is (size > 256)
    assert file.seek(0) == 0
    assert file.read(3) == content[:3]
    assert b"".join(file) == content
    file.save(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    file.close()
    file.close()
    assert file.closed


def on_disk(file: UploadFile) -> bool:
    spooled: Any = file.file
    return bool(spooled._rolled)


def test_no_memory_for_files_puts_them_on_disk() -> None:
    file = upload("a.bin", b"xx", spool_bytes=0)
    assert on_disk(file)
    assert file.read() == b"xx"
    file.close()


@pytest.mark.parametrize(
    ("name", "written"),
    [('a"b', "a%22b"), ("a\rb", "a%0Db"), ("a\nb", "a%0Ab"), ('"; filename="x', "%22; filename=%22x"), ("a\\b", "a\\b"), ("é", "é")],
)
def test_names_are_escaped_as_a_browser_does(name: str, written: str) -> None:
    body = encode_form([(name, "1")], [("f", name, b"2", "text/x-test")], BOUNDARY)
    field, file = (
        f"Content-Disposition: form-data; {names}\r\n".encode() for names in (f'name="{written}"', f'name="f"; filename="{written}"')
    )
    assert field in body
    assert file in body
    fields, files = parse(body)
    assert fields == {name: "1"}
    assert files["f"].raw_filename == name
    files["f"].close()


def test_closing_the_form_closes_its_files_even_half_way() -> None:
    form = MultipartForm(BOUNDARY)
    form.feed(part('name="a"; filename="one"', "1").encode() + part('name="b"; filename="two"', "2").encode()[:-10])
    files = [*(file for _, file in form._files), form._file]
    assert len(files) >= 1
    form.close()
    form.close()
    assert all(file is None or file.closed for file in files)


def test_a_field_keeps_the_byte_order_mark_that_it_begins_with() -> None:
    for charset, value in [("", "\ufeffa"), ("utf-8", "\ufeff"), ("utf-16-le", "\ufeffa")]:
        kind = f"\r\nContent-Type: text/plain; charset={charset}" if charset else ""
        body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"{kind}\r\n\r\n'.encode()
        form = MultipartForm(BOUNDARY)
        form.feed(body + value.encode(charset or "utf-8") + f"\r\n--{BOUNDARY}--\r\n".encode())
        assert form.finish() == ({"a": value}, {})
        form.close()


# Without "%": a name that holds "%22" itself is written as one that holds a quotation mark, so browsers' escaping cannot be undone.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="%"), min_size=1, max_size=12)
FIELDS = st.lists(st.tuples(NAMES, st.text(st.characters(codec="utf-8"), max_size=40)), max_size=5)
FILES = st.lists(st.tuples(NAMES, NAMES, st.binary(max_size=300), st.just("application/x-test")), max_size=4)


def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    gathered: dict[str, list[Any]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in gathered.items()}


@settings(deadline=None)
@given(FIELDS, FILES, st.lists(st.integers(1, 400), min_size=1, max_size=8))
@example([("a", "\ufeff")], [], [1])
def test_a_form_comes_back_however_it_is_cut(
    fields: list[tuple[str, str]], files: list[tuple[str, str, bytes, str]], steps: list[int]
) -> None:
    body = encode_form(fields, files, BOUNDARY)
    form = MultipartForm(BOUNDARY, FormLimits(spool_bytes=64))
    start = 0
    for step in cycle(steps):
        form.feed(body[start : start + step])
        start += step
        if start >= len(body):
            break
    parsed_fields, parsed_files = form.finish()
    contents = {name: [each.read() for each in value] if isinstance(value, list) else value.read() for name, value in parsed_files.items()}
    form.close()
    assert parsed_fields == gather(fields)
    assert contents == gather([(name, content) for name, _, content, _ in files])
