"""What every store does: one suite, run through memory, disk and Redis; then what is particular to each."""

import logging
import os
import shutil
import stat
import threading
import time
from pathlib import Path

import pytest

from redis_server import run_redis
from slugline.errors import ConfigError
from slugline.pages import disk_journal, redis_store
from slugline.pages.disk_journal import Journal, JournalReader
from slugline.pages.disk_store import DiskStore, file_name
from slugline.pages.entry import encode_entry, make_entry
from slugline.pages.memory_store import ENTRY_BYTES, MemoryStore, PageMemory
from slugline.pages.redis_store import RedisStore
from slugline.pages.store import ALL_PATHS, NoChanges, UnsharedClaim, Warnings

WITHIN_SECONDS = 20
OLD, NEW = make_entry("old", now=1.0), make_entry("new", now=2.0)

PATHS = [
    "/",
    "/blog/hello",
    "/blog/Hello",
    "/blog/hello/",
    "/../../etc/passwd",
    "/..",
    "/a\x00b",
    "/a\nb",
    "/a b%2Fc",
    "/ä/日本語/🎈",
    "/\ud800",
    "/" + "x" * 5000,
    "/" + "x" * 4999 + "y",
    "/con",
    "/*",
]


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "disk", "redis"])
def make_store(request, tmp_path):
    """Make stores that share their pages, where the kind of store can."""
    made = []

    def make():
        match request.param:
            case "memory":
                made.append(made[0] if made else MemoryStore())
            case "disk":
                made.append(DiskStore(tmp_path / "pages"))
            case "redis":
                made.append(RedisStore(request.getfixturevalue("redis_server").url, tmp_path.name))
        return made[-1]

    yield make
    for store in made:
        if isinstance(store, RedisStore):
            store.close()


def wait_for(condition):
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
    return value


# Every store


def test_nothing_at_first(make_store):
    assert make_store().read("/a") is None


@pytest.mark.parametrize("path", PATHS, ids=ascii)
def test_a_page_is_read_as_it_was_written(make_store, path):
    store = make_store()
    for other in PATHS:
        store.write(other, make_entry(ascii(other), now=1.0))
    store.write(path, NEW)
    assert store.read(path) == NEW
    for other in PATHS:
        assert other == path or store.read(other) == make_entry(ascii(other), now=1.0)


def test_a_page_replaces_the_one_before(make_store):
    store = make_store()
    store.write("/a", OLD)
    store.write("/a", NEW)
    assert store.read("/a") == make_store().read("/a") == NEW


def test_delete(make_store):
    store = make_store()
    store.delete("/a")
    store.write("/a", OLD)
    store.write("/b", OLD)
    store.delete("/a")
    assert (store.read("/a"), store.read("/b")) == (None, OLD)


def test_a_claim_is_one_at_a_time(make_store):
    first, second = make_store(), make_store()
    claim = first.claim("/a", 60)
    assert claim.is_held()
    assert first.claim("/a", 60) is None
    assert second.claim("/a", 60) is None
    other = second.claim("/b", 60)
    assert other is not None
    claim.release()
    claim.release()
    assert not claim.is_held()
    assert other.is_held()
    taken = second.claim("/a", 60)
    assert taken is not None
    claim.release()  # long gone; must not let go of what is another's now
    assert taken.is_held()
    assert first.claim("/a", 60) is None
    taken.release()
    other.release()


def test_of_many_at_once_one_has_the_claim(make_store):
    stores = [make_store() for _ in range(8)]
    for _ in range(20):
        claims = []
        barrier = threading.Barrier(len(stores))

        def ask(store, claims=claims, barrier=barrier):
            barrier.wait()
            claims.append(store.claim("/a", 60))

        threads = [threading.Thread(target=ask, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        held = [claim for claim in claims if claim is not None]
        assert len(claims) == 8
        assert len(held) == 1
        held[0].release()


def test_a_claim_ends_in_time(make_store):
    first, second = make_store(), make_store()
    claim = first.claim("/a", 0.05)
    taken = wait_for(lambda: second.claim("/a", 60))
    assert not claim.is_held()
    assert taken.is_held()
    claim.release()
    assert taken.is_held()
    assert first.claim("/a", 60) is None
    taken.release()


def test_changes_of_others_are_told_and_ones_own_are_not(make_store):
    first, second = make_store(), make_store()
    if first is second:
        assert isinstance(first.changes(), NoChanges)
        return
    changes, own = first.changes(), second.changes()
    if isinstance(first, RedisStore):
        # It connects in the background, and what was read before that is not to be trusted.
        assert wait_for(changes.take) is ALL_PATHS
        assert wait_for(own.take) is ALL_PATHS
    assert list(changes.take()) == []
    for path in PATHS:
        second.write(path, OLD)
    second.delete("/gone")
    seen = set()
    wait_for(lambda: seen.update(changes.take()) or seen >= {*PATHS, "/gone"})
    assert seen == {*PATHS, "/gone"}
    assert list(changes.take()) == []
    first.write("/mine", OLD)
    assert wait_for(own.take) is not None
    assert list(changes.take()) == []
    changes.close()
    own.close()


# Memory


def test_memory_is_bounded_and_the_least_recently_used_goes_first():
    memory = PageMemory(3 * (ENTRY_BYTES + 102))
    page = make_entry("x" * 100, now=1.0)
    for path in ("/a", "/b", "/c"):
        memory.put(path, page)
    assert memory.get("/a") is page
    memory.put("/d", page)
    assert [memory.get(path) is page for path in ("/a", "/b", "/c", "/d")] == [True, False, True, True]
    assert memory.used_bytes == 3 * (ENTRY_BYTES + 102)
    memory.put("/a", page)
    memory.put("/huge", make_entry("x" * 10_000, now=1.0))
    assert (memory.get("/huge"), len(memory)) == (None, 3)
    memory.drop("/a")
    memory.drop("/a")
    assert memory.used_bytes == 2 * (ENTRY_BYTES + 102)
    memory.clear()
    assert (memory.used_bytes, len(memory)) == (0, 0)


def test_a_page_that_has_become_too_large_leaves_no_old_one_behind():
    store = MemoryStore(ENTRY_BYTES + 100)
    store.write("/a", OLD)
    store.write("/a", make_entry("x" * 1000, now=1.0))
    assert store.read("/a") is None


def test_memory_claims_end_by_its_clock():
    clock = Clock()
    store = MemoryStore(clock=clock)
    store.claim("/a", 60)
    clock.now += 59.9
    assert store.claim("/a", 60) is None
    clock.now += 0.1
    assert store.claim("/a", 60) is not None


# Disk


@pytest.mark.parametrize("path", PATHS, ids=ascii)
def test_file_names_are_safe(path):
    name = file_name(path)
    assert len(name) <= 80
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert name.endswith(".page")
    assert ".." not in name


def test_file_names_differ_without_their_case_and_can_be_read():
    assert len({file_name(path).lower() for path in PATHS}) == len(PATHS)
    assert file_name("/Blog/hello world").partition("-")[2] == "blog-hello-world.page"


def test_only_the_owner_sees_pages(tmp_path):
    store = DiskStore(tmp_path / "deep" / "pages")
    store.write("/a", OLD)
    claim = store.claim("/a", 60)
    folder = tmp_path / "deep" / "pages"
    for path in [folder, *folder.rglob("*")]:
        if path.name != ".gitignore":
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert (folder / ".gitignore").read_text() == "*\n"
    claim.release()


def test_nothing_is_left_beside_the_pages(tmp_path):
    store = DiskStore(tmp_path)
    store.write("/a", OLD)
    store.claim("/a", 60).release()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        [".gitignore", ".lock", "changes", file_name("/a")]
    )


def test_what_a_killed_process_left_is_deleted_once_it_is_old(tmp_path):
    clock = Clock()
    for name, age in ((".old.tmp", 3601), (".new.tmp", 10)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (clock.now - age, clock.now - age))
    DiskStore(tmp_path, clock=clock).write("/a", OLD)
    assert [path.name for path in tmp_path.glob(".*.tmp")] == [".new.tmp"]


def test_a_damaged_page_is_none_with_one_warning(tmp_path, caplog):
    store = DiskStore(tmp_path)
    (tmp_path / file_name("/a")).write_bytes(encode_entry("/a", OLD)[:-2])
    assert store.read("/a") is None
    assert store.read("/a") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert file_name("/a") in caplog.text
    assert "/a is made anew: it is damaged." in caplog.text
    store.write("/a", NEW)
    assert store.read("/a") == NEW


def test_a_page_that_cannot_be_read_is_none_with_a_warning(tmp_path, caplog):
    (tmp_path / file_name("/a")).mkdir()
    assert DiskStore(tmp_path).read("/a") is None
    assert "made anew: Is a directory." in caplog.text


@pytest.mark.parametrize("blocked", ["a file where the folder should be", "no room"])
def test_a_disk_that_cannot_be_written_to_is_logged_once_until_it_can(tmp_path, caplog, monkeypatch, blocked):
    folder = tmp_path / "pages"
    store = DiskStore(folder)
    if blocked == "no room":

        def refuse(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", refuse)
    else:
        folder.write_text("")
        assert isinstance(store.claim("/a", 60), UnsharedClaim)
        store.delete("/a")
    changes = store.changes()
    assert not store.write("/a", OLD)
    assert not store.write("/b", OLD)
    assert store.read("/a") is None
    assert list(changes.take()) == []
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == len(set(texts)) == (1 if blocked == "no room" else 2)  # each reason once
    assert f"Pages cannot be kept in {folder} (" in caplog.text
    assert not list(tmp_path.rglob("*.tmp"))
    if blocked == "no room":
        monkeypatch.undo()
    else:
        folder.unlink()
    assert store.write("/a", NEW)
    assert store.read("/a") == NEW
    changes.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full, a disk that is always full, is a device of Linux")
def test_a_line_that_cannot_be_written_makes_the_others_forget_everything(tmp_path, caplog):
    folder = tmp_path
    store, other = DiskStore(folder), DiskStore(folder)
    changes = other.changes()
    kept = folder / "kept"
    (folder / "changes").rename(kept)
    (folder / "changes").symlink_to("/dev/full")
    store.write("/a", OLD)
    assert not (folder / "changes").is_symlink()
    assert "No space left" in caplog.text
    kept.unlink()
    assert changes.take() is ALL_PATHS
    assert list(changes.take()) == []
    changes.close()


def test_a_claim_passes_on_by_the_clock_alone(tmp_path):
    clock = Clock()
    first, second = DiskStore(tmp_path, clock=clock), DiskStore(tmp_path, clock=clock)
    claim = first.claim("/a", 60)
    clock.now += 59.9
    assert second.claim("/a", 60) is None
    clock.now += 0.1
    taken = second.claim("/a", 60)
    assert taken.is_held()
    assert not claim.is_held()
    clock.now += 30
    assert first.claim("/a", 60) is None
    taken.release()


def test_a_deleted_folder_is_made_again_and_everything_is_forgotten(tmp_path):
    folder = tmp_path / "pages"
    store, other = DiskStore(folder), DiskStore(folder)
    changes = other.changes()
    store.write("/a", OLD)
    assert list(changes.take()) == ["/a"]
    claim = store.claim("/a", 60)
    shutil.rmtree(folder)
    assert not claim.is_held()
    claim.release()
    assert changes.take() is ALL_PATHS
    assert list(changes.take()) == []
    assert store.read("/a") is None
    store.write("/a", NEW)
    assert list(changes.take()) == ["/a"]
    assert other.read("/a") == NEW
    changes.close()


# The journal


def test_the_journal_is_bounded_and_loses_nothing(tmp_path):
    writer, reader = Journal(tmp_path / "changes", limit_bytes=2000), Journal(tmp_path / "changes")
    changes = JournalReader(reader)
    untold = set()
    for number in range(1000):
        path = f"/page/{number}"
        writer.append(path)
        untold.add(path)
        if number % 7 == 0:
            taken = changes.take()
            untold = set() if taken is ALL_PATHS else untold - set(taken)
            assert not untold
        assert not (tmp_path / "changes").exists() or (tmp_path / "changes").stat().st_size < 2100
    changes.close()


def test_a_line_that_came_to_a_deleted_journal_is_written_again(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "changes")
    write, deleted = os.write, []

    def write_after_deletion(descriptor, data):
        if not deleted:
            deleted.append(True)
            os.unlink(tmp_path / "changes")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", write_after_deletion)
    journal.append("/a")
    assert (tmp_path / "changes").read_bytes().endswith(b" /a\n")


def test_a_reader_far_behind_forgets_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_journal, "MAX_READ_BYTES", 100)
    writer, changes = Journal(tmp_path / "changes"), JournalReader(Journal(tmp_path / "changes"))
    for _ in range(10):
        writer.append("/a")
    assert changes.take() is ALL_PATHS
    writer.append("/b")
    assert list(changes.take()) == ["/b"]
    changes.close()


def test_a_line_that_was_cut_off_hides_no_other(tmp_path):
    writer, changes = Journal(tmp_path / "changes"), JournalReader(Journal(tmp_path / "changes"))
    with (tmp_path / "changes").open("ab") as file:
        file.write(b"\nsomebody /cut-o")
    assert list(changes.take()) == []
    writer.append("/a")
    assert "/a" in changes.take()
    os.truncate(tmp_path / "changes", 0)
    assert changes.take() is ALL_PATHS
    changes.close()
    changes.close()


def test_a_journal_that_cannot_be_opened_is_tried_again(tmp_path):
    (tmp_path / "pages").write_text("")
    changes = JournalReader(Journal(tmp_path / "pages" / "changes"))
    assert list(changes.take()) == []
    (tmp_path / "pages").unlink()
    assert changes.take() is ALL_PATHS
    assert list(changes.take()) == []
    changes.close()


# Redis


def test_while_redis_is_away_pages_are_none_and_everybody_may_make_them(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(redis_store, "AWAY_SECONDS", 0.01)
    caplog.set_level(logging.WARNING)
    with run_redis(tmp_path) as server:
        store, other = RedisStore(server.url, "site"), RedisStore(server.url, "site")
        changes = store.changes()
        store.write("/a", OLD)
        assert wait_for(changes.take) is ALL_PATHS
        server.stop()
        assert store.read("/a") is None
        claim = store.claim("/a", 60)
        assert isinstance(claim, UnsharedClaim)
        assert not store.write("/a", NEW)
        store.delete("/a")
        assert len(caplog.records) in (1, 2)  # the thread's connection may break with other words
        assert "Redis, which keeps the pages, fails (" in caplog.text
        server.start()
        assert wait_for(changes.take) is ALL_PATHS
        other.write("/a", NEW)
        assert list(wait_for(changes.take)) == ["/a"]
        assert wait_for(lambda: store.read("/a")) == NEW
        changes.close()
        store.close()
        other.close()


def test_a_redis_server_that_does_not_answer_is_left_alone_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_store, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(redis_store, "AWAY_SECONDS", 60)
    with run_redis(tmp_path) as server:
        store = RedisStore(server.url, "site")
        assert store.write("/a", OLD)
        asked = []
        execute = store._client.execute_command
        monkeypatch.setattr(store._client, "execute_command", lambda *words, **options: asked.append(words) or execute(*words, **options))
        server.pause(on=True)
        began = time.monotonic()
        assert isinstance(store.claim("/a", 60), UnsharedClaim)
        assert store.read("/a") is None
        assert not store.write("/a", NEW)
        assert len(asked) == 1
        assert store._away_until - began >= 60.6  # three times what the answer was waited for
        server.pause(on=False)
        store._away_until = 0.0
        assert store.read("/a") == OLD
        assert store.write("/a", NEW)
        store.close()


def test_a_claim_in_redis_whose_server_went_away_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_store, "AWAY_SECONDS", 0.01)
    with run_redis(tmp_path) as server:
        store = RedisStore(server.url, "site")
        claim = store.claim("/a", 60)
        server.stop()
        assert not claim.is_held()
        claim.release()
        store.close()


def test_a_damaged_page_in_redis_is_none_with_a_warning(redis_server, caplog):
    store = RedisStore(redis_server.url, "damaged")
    store._client.set(b"slugline:damaged:page:/a", b"half")
    assert store.read("/a") is None
    assert "The page /a in Redis is not used and made anew: it holds something else." in caplog.text
    store.close()


def test_sites_and_builds_are_apart(redis_server):
    one, two = RedisStore(redis_server.url, "one"), RedisStore(redis_server.url, "two")
    one.write("/a", OLD)
    assert two.read("/a") is None
    assert one.claim("/a", 60) is not None
    assert two.claim("/a", 60) is not None
    one.close()
    two.close()


def test_a_worker_that_nobody_asks_keeps_no_endless_list(redis_server, monkeypatch):
    monkeypatch.setattr(redis_store, "KEPT_CHANGES", 5)
    store, other = RedisStore(redis_server.url, "idle"), RedisStore(redis_server.url, "idle")
    changes = store.changes()
    assert wait_for(changes.take) is ALL_PATHS
    for number in range(20):
        other.write(f"/{number}", OLD)
    wait_for(lambda: len(changes._paths) == 6)
    assert changes.take() is ALL_PATHS
    changes.close()
    store.close()
    other.close()


@pytest.mark.parametrize("record", [{"something": "else"}, {"writer": "x", "path": b"\xff"}])
def test_a_record_that_others_wrote_may_mean_any_page(redis_server, record):
    store, other = RedisStore(redis_server.url, "foreign"), RedisStore(redis_server.url, "foreign")
    changes = store.changes()
    assert wait_for(changes.take) is ALL_PATHS
    store._client.xadd(b"slugline:foreign:changes", record)
    assert wait_for(changes.take) is ALL_PATHS
    other.write("/a", OLD)  # and the thread listens on
    assert list(wait_for(changes.take)) == ["/a"]
    changes.close()
    store.close()
    other.close()


def test_a_wrong_url_is_an_error_of_the_settings(monkeypatch):
    with pytest.raises(ConfigError, match="page_store is no URL of a Redis server"):
        RedisStore("nonsense://x", "site")
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(ConfigError, match=r'pip install "slugline\[redis\]"'):
        RedisStore("redis://127.0.0.1", "site")


def test_a_password_stays_out_of_the_log(caplog):
    store = RedisStore("redis://user:geheim@127.0.0.1:1/0", "site")
    assert store.read("/a") is None
    assert "fails" in caplog.text
    assert "geheim" not in caplog.text
    store.close()


# Warnings


def test_a_warning_comes_once_until_the_store_works_again(caplog):
    warnings = Warnings()
    for text in ("a", "b", "a"):
        warnings.warn(text)
    assert [record.getMessage() for record in caplog.records] == ["a", "b"]
    warnings.clear()
    warnings.clear()
    warnings.warn("a")
    assert len(caplog.records) == 3
