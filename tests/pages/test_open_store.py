"""Which store a setting names."""

import fnmatch
from pathlib import Path

import pytest

from slugline.pages.disk_store import DiskStore
from slugline.pages.memory_store import MemoryStore
from slugline.pages.open_store import open_store
from slugline.pages.redis_store import RedisStore
from slugline.pages.store import PageStore

URL = "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("setting", "is_built", "kind"),
    [
        ("", True, DiskStore),
        ("", False, MemoryStore),
        ("disk", True, DiskStore),
        ("disk", False, MemoryStore),
        ("memory", True, MemoryStore),
        ("memory", False, MemoryStore),
        (URL, True, RedisStore),
        (URL, False, RedisStore),
    ],
)
def test_a_setting_has_a_store(tmp_path: Path, setting: str, is_built: bool, kind: type[PageStore]) -> None:
    assert isinstance(open_store(setting, tmp_path / "one" if is_built else None, tmp_path), kind)


def prefix(folder: Path | None, root: Path) -> bytes:
    store = open_store(URL, folder, root)
    assert isinstance(store, RedisStore)
    return store._prefix


def test_builds_and_projects_are_apart_in_redis(tmp_path: Path) -> None:
    assert prefix(tmp_path / "one", tmp_path) == b"slugline:one:"
    names = []
    for project, text in {"a": "tea", "b": "coffee", "c": "tea"}.items():
        (tmp_path / project / "pages").mkdir(parents=True)
        (tmp_path / project / "pages/index.html").write_text(text)
        names.append(prefix(None, tmp_path / project))
    assert names[0] == names[2] != names[1]  # the same project on two machines shares its pages
    assert all(fnmatch.fnmatch(name.decode(), "slugline:????????????????????????:") for name in names)
