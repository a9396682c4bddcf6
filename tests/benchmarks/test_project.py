"""Slugline's project of the benchmark answers as every program has to."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slugline.testing import TestClient

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# Not imported: projects of other tests may have a module `tasks` of their own.
MODULE = runpy.run_path(str(BENCHMARKS / "tasks.py"))
TASKS = {task.name: task for task in MODULE["TASKS"]}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(BENCHMARKS / "projects" / "hello") as client:
        yield client


@pytest.mark.parametrize("name", sorted(TASKS.keys() - {"upload"}))
def test_every_task_is_answered(client: TestClient, name: str):
    task = TASKS[name]
    response = client.request(task.method, task.target, headers=dict(task.headers), content=task.content)
    assert (response.status_code, response.content) == (task.status, task.answer)


def test_an_upload_is_answered(client: TestClient):
    upload: Any = MODULE["Upload"](1024 * 1024)
    content = upload.head + upload.piece * (upload.size // len(upload.piece)) + upload.tail
    response = client.post("/api/upload", headers=dict(TASKS["upload"].headers), content=content)
    assert (response.status_code, response.content) == (200, upload.answer)


def test_a_tag_that_is_known_is_answered_without_a_body(client: TestClient):
    tag = client.get("/api/etag").headers["etag"]
    response = client.get("/api/etag", headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (304, b"")


def test_an_order_is_checked(client: TestClient):
    wrong = TASKS["json"].content.replace(b'"quantity":1', b'"quantity":0')
    assert client.post("/api/order", headers={"Content-Type": "application/json"}, content=wrong).status_code == 400


def test_sizes_are_those_that_the_tasks_tell():
    assert 900 <= len(TASKS["json"].content) <= 1100
    assert 1900 <= len(TASKS["etag"].answer) <= 2100
    assert len(TASKS["stream"].answer) == 10_000 * len(b"chunk 00000\n")
    assert MODULE["UPLOAD"].size == 32 * 1024 * 1024
