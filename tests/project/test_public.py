"""What of public/ is served, under which paths, and what is left out."""

import json
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import NPM, find_node
from slugline.errors import RouteConflict
from slugline.http.url import percent_decode
from slugline.project.public import _TYPES, check_public_conflicts, find_content_type, scan_public

NEXT_TYPES = """
const send = require("next/dist/compiled/send");
send.mime.define({ "image/avif": ["avif"], "image/x-icns": ["icns"], "image/jxl": ["jxl"], "image/heic": ["heic"] });
const types = JSON.parse(process.argv[1]).map((name) => {
  const type = send.mime.lookup(name);
  const charset = send.mime.charsets.lookup(type);
  return charset ? `${type}; charset=${charset}` : type;
});
console.log(JSON.stringify(types));
"""


def make(root, *names, text="x"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def paths(root, **options):
    return list(scan_public(root, **options).by_path)


# The table


def test_files_have_the_paths_that_they_have_in_the_folder(tmp_path):
    make(tmp_path, "public/robots.txt", "public/api/users/pub.txt", "public/api/index.html", "public/index.html")
    scan = scan_public(tmp_path)
    assert list(scan.by_path) == ["/api/index.html", "/api/users/pub.txt", "/index.html", "/robots.txt"]
    file = scan.by_path["/api/users/pub.txt"]
    assert (file.source, file.place) == ("public/api/users/pub.txt", ("api", "users", "pub.txt"))
    assert file.content_type == "text/plain; charset=UTF-8"
    assert scan.files == tuple(scan.by_path.values())
    assert scan.folder == tmp_path / "public"
    assert scan.warnings == ()


def test_names_are_written_as_in_a_url(tmp_path):
    make(
        tmp_path,
        "public/with space.txt",
        "public/ünï.txt",
        "public/100%.txt",
        "public/a[1].txt",
        "public/a?b#c.txt",
        "public/a+b@c,d;e=f.txt",
    )
    raw = scan_public(tmp_path).by_raw_path
    assert {key: file.path for key, file in raw.items()} == {
        b"/with%20space.txt": "/with space.txt",
        b"/%C3%BCn%C3%AF.txt": "/ünï.txt",
        b"/100%25.txt": "/100%.txt",
        b"/a%5B1%5D.txt": "/a[1].txt",
        b"/a[1].txt": "/a[1].txt",
        b"/a%3Fb%23c.txt": "/a?b#c.txt",
        b"/a+b@c,d;e=f.txt": "/a+b@c,d;e=f.txt",
    }


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\\"), min_size=1, max_size=20))
def test_each_spelling_is_decoded_to_the_path(tmp_path_factory, name):
    root = tmp_path_factory.mktemp("site")
    try:
        make(root, f"public/x{name}")
    except (OSError, ValueError):  # a name that this file system does not have
        return
    for raw, file in scan_public(root).by_raw_path.items():
        assert percent_decode(raw.decode("ascii")) == file.path == f"/x{name}"


def test_without_the_folder_there_are_no_files(tmp_path):
    scan = scan_public(tmp_path)
    assert (scan.files, scan.warnings) == ((), ())


def test_beside_src_pages_it_is_at_the_root(tmp_path):
    make(tmp_path, "src/pages/api/hello.py", "public/a.txt", "src/public/b.txt")
    assert paths(tmp_path) == ["/a.txt"]


def test_a_folder_in_src_is_told_of(tmp_path):
    make(tmp_path, "src/pages/api/hello.py", "src/public/b.txt")
    scan = scan_public(tmp_path)
    assert scan.files == ()
    assert scan.warnings == ("Not served: src/public. It is not looked at: public/ lies beside pages/ or src/, in the project's folder.",)


def test_a_file_of_that_name_is_told_of(tmp_path):
    make(tmp_path, "public")
    assert scan_public(tmp_path).warnings == ("Not served: public. It is no folder.",)


# What is left out


def test_names_with_a_dot_are_left_out_but_for_the_well_known(tmp_path):
    make(tmp_path, "public/.env", "public/.git/config", "public/a/.b", "public/.well-known/security.txt", "public/.well-known/.secret")
    make(tmp_path, "public/a/.well-known/x", "public/...", "public/..a")
    assert paths(tmp_path) == ["/.well-known/security.txt"]
    assert scan_public(tmp_path).warnings == ()
    assert "/.env" in paths(tmp_path, dotfiles=True)
    assert len(paths(tmp_path, dotfiles=True)) == 8


def test_python_files_are_left_out(tmp_path):
    make(tmp_path, "public/api/hello.py", "public/A.PY", "public/__pycache__/a.cpython-311.pyc", "public/b.pyc", "public/a.python")
    scan = scan_public(tmp_path)
    assert list(scan.by_path) == ["/a.python"]
    (warning,) = scan.warnings
    assert warning.startswith("Not served: public/A.PY, public/api/hello.py, public/b.pyc. Each is Python source, which is not sent: ")
    assert len(paths(tmp_path, python_files=True)) == 5


def test_a_link_does_not_make_python_something_else(tmp_path):
    make(tmp_path, "public/a.py")
    (tmp_path / "public/a.txt").symlink_to("a.py")
    assert paths(tmp_path) == []


@pytest.mark.parametrize("name", [b"a\nb.txt", b"a\x7f.txt", b"a\xc2\x85.txt", b"a\\b.txt", b"\xff.txt"])
def test_names_that_no_client_is_to_have_are_told_of(tmp_path, name):
    folder = make(tmp_path, "public/a.txt") / "public"
    try:
        os.close(os.open(os.fsencode(folder) + b"/" + name, os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this file system does not have such names")
    scan = scan_public(tmp_path)
    assert list(scan.by_path) == ["/a.txt"]
    (warning,) = scan.warnings
    assert "has a name that is not sent" in warning
    assert warning.isprintable()


def test_many_of_one_kind_are_one_warning(tmp_path):
    make(tmp_path, *(f"public/{number}.py" for number in range(8)))
    (warning,) = scan_public(tmp_path).warnings
    assert warning.startswith("Not served: public/0.py, public/1.py, public/2.py, public/3.py, public/4.py and 3 more. Each is")


def test_what_is_no_file_is_told_of(tmp_path):
    make(tmp_path, "public/a.txt")
    os.mkfifo(tmp_path / "public" / "pipe")
    scan = scan_public(tmp_path)
    assert list(scan.by_path) == ["/a.txt"]
    assert scan.warnings == ("Not served: public/pipe. It is no regular file.",)


# Links


def test_links_within_the_folder_are_followed(tmp_path):
    make(tmp_path, "public/v1/a.txt")
    (tmp_path / "public/latest").symlink_to("v1")
    (tmp_path / "public/b.html").symlink_to("v1/a.txt")
    scan = scan_public(tmp_path)
    assert {path: file.place for path, file in scan.by_path.items()} == {
        "/b.html": ("v1", "a.txt"),
        "/latest/a.txt": ("v1", "a.txt"),
        "/v1/a.txt": ("v1", "a.txt"),
    }
    assert scan.by_path["/b.html"].content_type == "text/html; charset=UTF-8"


LINKS_OUT = {
    "a file beside the folder": "../secret.txt",
    "a file of the system": "/etc/hostname",
    "the project": "..",
    "the root": "/",
    "through another link": "inner",
}


@pytest.mark.parametrize("target", LINKS_OUT.values(), ids=LINKS_OUT)
def test_links_out_of_the_folder_are_not_followed(tmp_path, target):
    make(tmp_path, "public/a.txt", "secret.txt", "public/z/b.txt")
    (tmp_path / "public/z/inner").symlink_to("../../secret.txt")
    (tmp_path / "public/link").symlink_to(target if target != "inner" else "z/inner")
    scan = scan_public(tmp_path)
    assert list(scan.by_path) == ["/a.txt", "/z/b.txt"]
    assert scan.warnings == ("Not served: public/link, public/z/inner. Each is a link that leads out of public/: copy what it links to.",)


def test_a_folder_beside_it_whose_name_begins_the_same_is_outside(tmp_path):
    make(tmp_path, "public/a.txt", "public-old/b.txt")
    (tmp_path / "public/old").symlink_to("../public-old")
    assert paths(tmp_path) == ["/a.txt"]


def test_links_in_a_circle_end(tmp_path):
    make(tmp_path, "public/a/b.txt")
    (tmp_path / "public/a/up").symlink_to("..")
    (tmp_path / "public/a/self").symlink_to("self")
    (tmp_path / "public/nothing").symlink_to("missing")
    scan = scan_public(tmp_path)
    assert list(scan.by_path) == ["/a/b.txt"]
    assert scan.warnings == ("Not served: public/a/self, public/nothing. Each is a link to nothing.",)


def test_the_folder_itself_may_be_a_link(tmp_path):
    make(tmp_path, "site/static/a.txt", "project/pages/api/hello.py")
    (tmp_path / "project/public").symlink_to("../site/static")
    scan = scan_public(tmp_path / "project")
    assert list(scan.by_path) == ["/a.txt"]
    assert scan.folder == tmp_path / "site/static"


@pytest.mark.parametrize("target", [".", "..", "pages", "pages/api", "src", ".slugline", ".slugline/notes", ".git", "/"])
def test_the_folder_is_no_link_to_the_projects_own_files(tmp_path, target):
    root = make(tmp_path / "project", "pages/api/a.txt", "src/a.txt", ".slugline/notes/a.txt", ".git/config")
    (root / "public").symlink_to(target)
    scan = scan_public(root)
    assert scan.files == ()
    assert scan.warnings == ("Not served: public. It is a link to the project's own files, which no client is to have.",)


# Conflicts


def test_a_file_with_the_path_of_a_route_is_refused(tmp_path):
    make(tmp_path, "public/api/hello")
    with pytest.raises(RouteConflict) as caught:
        check_public_conflicts(scan_public(tmp_path).files, {"/api": "pages/api/index.py", "/api/hello": "pages/api/hello.py"})
    assert caught.value.message == "public/api/hello and pages/api/hello.py both answer /api/hello. Rename one of the two."
    assert caught.value.files == ("public/api/hello", "pages/api/hello.py")


def test_other_names_are_no_conflict(tmp_path):
    make(tmp_path, "public/api/hello.txt", "public/api/hello/a", "public/index.html")
    check_public_conflicts(scan_public(tmp_path).files, {"/api/hello": "pages/api/hello.py", "/": "pages/index.html"})


# Types

TYPES = {
    "a.txt": "text/plain; charset=UTF-8",
    "a.TXT": "text/plain; charset=UTF-8",
    "a.html": "text/html; charset=UTF-8",
    "a.js": "application/javascript; charset=UTF-8",
    "a.json": "application/json; charset=UTF-8",
    "a.min.js.map": "application/json; charset=UTF-8",
    "a.webmanifest": "application/manifest+json",
    "a.svg": "image/svg+xml",
    "a.tar.gz": "application/gzip",
    "a.woff2": "font/woff2",
    "a.nosuch": "application/octet-stream",
    "plain": "application/octet-stream",
    "apple-app-site-association": "application/octet-stream",
}


@pytest.mark.parametrize(("name", "expected"), TYPES.items())
def test_a_type_is_found_by_the_suffix(name, expected):
    assert find_content_type(name) == expected


def test_the_types_are_those_of_next():
    names = [*TYPES, *(f"a.{suffix}" for suffix in _TYPES)]
    ran = subprocess.run([find_node(), "-e", NEXT_TYPES, json.dumps(names)], cwd=NPM, capture_output=True, check=True, timeout=60)
    assert dict(zip(names, json.loads(ran.stdout), strict=True)) == {name: find_content_type(name) for name in names}
