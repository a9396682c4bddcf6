"""The project's files cannot be downloaded, however they are asked for."""

import pytest

from behaviour.sites import PROJECT, ServerSite

MARKER = b"SECRET-MARKER-7f3a"

TARGETS = [
    *("/api/hello.py", "/pages/api/hello.py", "/api/hello.pyc", "/api/hello.py/", "/api/hello%2epy", "/api/hello.PY", "/API/hello.py"),
    *("/api/HELLO.py", "/api/hello.py%20", "/api/hello.py.", "/api/hello.py~", "/api/hello.py.bak", "/api/hello.py%00", "/api/hello%00.py"),
    *("/api/hello.py%00.json", "/api/hello.py?raw", "/api/hello.py%3Fraw", "/api/hello.py;a=b", "/api/hello.py::$DATA", "/api/hello.py%0a"),
    *("/api/__pycache__/hello.cpython-311.pyc", "/pages/api/__pycache__/hello.cpython-311.pyc", "/__pycache__/notebook.cpython-311.pyc"),
    *("/_middleware.py", "/api/_middleware.py", "/api/_middleware", "/pages/api/_middleware.py", "/api/%5fmiddleware.py"),
    *("/slugline.config.py", "/slugline.config", "/.env", "/%2eenv", "/api/.env", "/api/../.env", "/api/%2e%2e/%2e%2e/.env"),
    *("/instrumentation.py", "/notebook.py", "/notebook", "/api/..%2f..%2fnotebook.py", "/api/%2e%2e%2f%2e%2e%2fnotebook.py"),
    *("/api/..%5c..%5cnotebook.py", "/api\\..\\..\\notebook.py", "/\\pages\\api\\hello.py", "/pages%5capi%5chello.py"),
    *("/api/hello/../hello.py", "/api/./hello.py", "/api/%2e/hello.py", "/api/count/../hello.py", "/api/count/..%2fhello.py"),
    *("//pages/api/hello.py", "/pages//api//hello.py", "//localhost/api/hello.py", "///etc/passwd", "/./pages/api/hello.py"),
    *("/api/....//hello.py", "/api/..;/hello.py", "/api/%252e%252e/hello.py", "/api/%c0%ae%c0%ae/hello.py", "/api/%u002e%u002e/hello.py"),
    *("/api/hello%2Epy", "/api%2Fhello.py", "/pages%2Fapi%2Fhello.py", "/%70ages/api/hello.py", "/api/count/../../../notebook.py"),
    *("/src/pages/api/hello.py", "/static/pages/api/hello.py", "/public/../notebook.py", "/_next/static/../../notebook.py"),
    *(f"{PROJECT}/notebook.py", f"/api/count/{PROJECT}/notebook.py", f"file://{PROJECT}/notebook.py", f"/file://{PROJECT}/notebook.py"),
    *("/api/context/..%2f..%2fnotebook.py", "/api/context/%2e%2e%2fhello.py", "/api/streams/plain/..%2f..%2fhello.py"),
    *("/api/mounted/flask/static/../../../hello.py", "/api/mounted/flask/static/..%2f..%2fhello.py", "/api/mounted/fastapi/..%2fhello.py"),
    *("/proc/self/cwd/notebook.py", "/.git/config", "/pyproject.toml", "/pages", "/pages/", "/api/", "/api", "/"),
]


@pytest.mark.parametrize("target", TARGETS)
def test_no_answer_holds_source(server: ServerSite, target: str) -> None:
    answers = [server.ask(target), server.ask(target, "POST", body=b"x"), server.ask(target, fields=[("Range", "bytes=0-100")])]
    for answer in answers:
        assert MARKER not in answer.body
        assert b"def handler" not in answer.body
        assert b"import " not in answer.body
        if 300 <= answer.status < 400:
            followed = server.ask(str(answer.header("location")))
            assert MARKER not in followed.body
    assert server.ask(target, "HEAD").status == answers[0].status


def test_the_marker_is_in_the_files() -> None:
    names = ["notebook.py", "instrumentation.py", "slugline.config.py", ".env", "pages/api/hello.py", "pages/api/_middleware.py"]
    assert all(MARKER in (PROJECT / name).read_bytes() for name in names)
