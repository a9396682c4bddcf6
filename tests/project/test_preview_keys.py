"""Where the keys of draft mode come from: environment, Next.js, the project's own file, memory."""

import json
import logging
import stat
import subprocess
import sys
import threading

import pytest

from slugline.http.draft_cookies import PreviewKeys
from slugline.project.preview_keys import ENVIRONMENT_NAMES, ProjectPreviewSource

NAMES = ("previewModeId", "previewModeSigningKey", "previewModeEncryptionKey")


def keys_of(letter):
    return PreviewKeys(letter * 32, letter * 64, letter * 63 + "0")


def as_json(letter):
    keys = keys_of(letter)
    return dict(zip(NAMES, (keys.mode_id, keys.signing_key, keys.encryption_key), strict=True))


def as_environment(letter):
    return dict(zip(ENVIRONMENT_NAMES, as_json(letter).values(), strict=True))


PROPS, MANIFEST = "server/preview-props.json", "prerender-manifest.json"


def write(root, files):
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def source_of(root, *, development=False, environment=None, **options):
    return ProjectPreviewSource(root, development=development, environment=environment or {}, **options)


# As `next build` and `next dev` of 16.4 write them, and as earlier versions do.
BUILD = {f".next/{PROPS}": as_json("a"), f".next/{MANIFEST}": {"version": 4, "routes": {}, "preview": as_json("a")}}
DEV = {f".next/dev/{PROPS}": as_json("b"), f".next/dev/{MANIFEST}": {"version": 4, "routes": {}}}
EARLIER_BUILD = {f".next/{MANIFEST}": {"version": 4, "preview": as_json("c")}}
EARLIER_DEV = {f".next/dev/{MANIFEST}": {"version": 4, "preview": as_json("d")}}
OWN = {".slugline/preview.json": as_json("e")}

FOUND = {
    "nothing": ({}, {}, None, None),
    "a build": (BUILD, {}, "a", "a"),
    "a development server": (DEV, {}, None, "b"),
    "both": ({**BUILD, **DEV}, {}, "a", "b"),
    "a build before 16.4": (EARLIER_BUILD, {}, "c", "c"),
    "a development server before 16.4": (EARLIER_DEV, {}, None, "d"),
    "the newer file first": ({**EARLIER_BUILD, f".next/{PROPS}": as_json("a")}, {}, "a", "a"),
    "our own": (OWN, {}, "e", "e"),
    "Next.js before our own": ({**OWN, **BUILD}, {}, "a", "a"),
    "the environment first": ({**OWN, **BUILD, **DEV}, as_environment("f"), "f", "f"),
    "an empty environment": (OWN, dict.fromkeys(ENVIRONMENT_NAMES, ""), "e", "e"),
}


@pytest.mark.parametrize(("files", "environment", "production", "development"), FOUND.values(), ids=FOUND)
def test_found(tmp_path, files, environment, production, development, caplog):
    write(tmp_path, files)
    for mode, letter in ((False, production), (True, development)):
        found = source_of(tmp_path, development=mode, environment=environment).find_keys()
        assert found == (None if letter is None else keys_of(letter))
    assert caplog.messages == []
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")} == set(files)


def test_another_folder_of_next_js(tmp_path):
    write(tmp_path, {f"out/{PROPS}": as_json("a"), **OWN})
    assert source_of(tmp_path, find_dist=lambda: "out").find_keys() == keys_of("a")


NO_KEYS = {
    "nothing": "",
    "half a file": '{"previewModeId": "aaaa',
    "a list": "[]",
    "a text": '"previewModeId"',
    "an empty object": "{}",
    "an empty preview": '{"preview": {}}',
    "a preview that is a list": '{"preview": []}',
    "a key less": json.dumps(dict(list(as_json("a").items())[:2])),
    "a short key": json.dumps({**as_json("a"), "previewModeId": "a" * 15}),
    "a number": json.dumps({**as_json("a"), "previewModeId": 10**20}),
    "letters outside ASCII": json.dumps({**as_json("a"), "previewModeId": "é" * 32}),
    "a deep list": "[" * 100_000,
}


@pytest.mark.parametrize("text", NO_KEYS.values(), ids=NO_KEYS)
def test_a_file_without_keys_is_passed_over(tmp_path, text):
    write(tmp_path, {f".next/{PROPS}": text, **OWN})
    assert source_of(tmp_path).find_keys() == keys_of("e")
    write(tmp_path, {".slugline/preview.json": text})
    assert source_of(tmp_path).find_keys() is None


def test_a_file_that_cannot_be_read_is_passed_over_and_said_once(tmp_path, caplog):
    (tmp_path / ".next" / PROPS).mkdir(parents=True)  # stands for a file of another user; a test that runs as root can read all
    (tmp_path / ".next" / MANIFEST).write_bytes(b"\xff\xfe")
    source = source_of(tmp_path)
    assert source.find_keys() is source.find_keys() is None
    [message] = caplog.messages
    assert f"{tmp_path / '.next' / PROPS} are not used, since the file cannot be read" in message


INCOMPLETE = {
    "one of three": {ENVIRONMENT_NAMES[0]: "a" * 32},
    "one too short": {**as_environment("a"), ENVIRONMENT_NAMES[1]: "short"},
    "one outside ASCII": {**as_environment("a"), ENVIRONMENT_NAMES[2]: "\udcff" * 32},
}


@pytest.mark.parametrize("environment", INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_environment_is_not_used_and_said_once(tmp_path, environment, caplog):
    write(tmp_path, OWN)
    source = source_of(tmp_path, environment=environment, development=True)
    assert source.find_keys() == source.find_keys() == keys_of("e")
    [message] = caplog.messages
    assert "in the environment are not used" in message
    assert all(name in message for name in ENVIRONMENT_NAMES)
    assert not any(value in message for value in environment.values())


def test_production_keeps_what_it_found(tmp_path):
    source = source_of(tmp_path)
    assert source.find_keys() is None
    write(tmp_path, BUILD)
    assert source.find_keys() == keys_of("a")
    write(tmp_path, {f".next/{PROPS}": as_json("b")})
    assert source.find_keys() == source.make_keys() == keys_of("a")


def test_development_follows_next_dev(tmp_path):
    source = source_of(tmp_path, development=True)
    own = source.make_keys()
    write(tmp_path, DEV)
    assert source.find_keys() == keys_of("b")
    write(tmp_path, {f".next/dev/{PROPS}": as_json("c")})
    assert source.find_keys() == source.make_keys() == keys_of("c")
    (tmp_path / ".next/dev" / PROPS).unlink()
    assert source.find_keys() == own


# Making


def test_keys_are_made_once_and_kept(tmp_path, caplog):
    made = source_of(tmp_path).make_keys()
    file = tmp_path / ".slugline" / "preview.json"
    assert json.loads(file.read_text()) == dict(zip(NAMES, (made.mode_id, made.signing_key, made.encryption_key), strict=True))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [len(key) for key in (made.mode_id, made.signing_key, made.encryption_key)] == [32, 64, 64]
    assert source_of(tmp_path).find_keys() == source_of(tmp_path, development=True).make_keys() == made
    assert {path.name for path in file.parent.iterdir()} == {"preview.json", ".gitignore"}
    assert (file.parent / ".gitignore").read_text() == "*\n"
    assert caplog.messages == []


def test_each_project_has_its_own(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (source_of(tmp_path / name).make_keys() for name in ("one", "two"))
    assert len({one.mode_id, two.mode_id, one.signing_key, two.signing_key, one.encryption_key, two.encryption_key}) == 6


def test_what_is_there_is_not_made_again(tmp_path):
    write(tmp_path, {**BUILD, ".slugline/.gitignore": "mine\n"})
    assert source_of(tmp_path).make_keys() == keys_of("a")
    assert not (tmp_path / ".slugline" / "preview.json").exists()
    source_of(tmp_path, find_dist=lambda: "elsewhere").make_keys()
    assert (tmp_path / ".slugline" / ".gitignore").read_text() == "mine\n"


def test_many_workers_at_once_agree(tmp_path):
    sources = [source_of(tmp_path) for _ in range(24)]
    together = threading.Barrier(len(sources))
    made = []

    def work(source):
        together.wait()
        made.append(source.make_keys())

    threads = [threading.Thread(target=work, args=[source]) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 24
    assert set(made) == {source_of(tmp_path).find_keys()}


WORKER = """
import sys
from pathlib import Path
from slugline.project.preview_keys import ProjectPreviewSource

source = ProjectPreviewSource(Path(sys.argv[1]), development=False, environment={})
print("ready", flush=True)
sys.stdin.readline()
print(source.make_keys().signing_key, flush=True)
"""


def test_many_processes_at_once_agree(tmp_path):
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 4
        for worker in workers:
            worker.stdin.write("\n")
            worker.stdin.flush()
        made = {worker.communicate(timeout=20)[0].strip() for worker in workers}
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.communicate()
    assert made == {source_of(tmp_path).find_keys().signing_key}


def block_folder(tmp_path):
    (tmp_path / ".slugline").write_text("")  # stands for a folder that cannot be written; a test that runs as root can write to all


def block_link(tmp_path):
    write(tmp_path, {".slugline/preview.json": "{}"})


BLOCKED = {"no folder": (block_folder, "exists"), "a file of something else": (block_link, "it holds something else: delete it")}


@pytest.mark.parametrize(("block", "reason"), BLOCKED.values(), ids=BLOCKED)
@pytest.mark.parametrize("development", [False, True])
def test_where_nothing_can_be_kept_the_keys_are_in_memory(tmp_path, block, reason, development, caplog):
    block(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    source = source_of(tmp_path, development=development)
    assert source.find_keys() is None
    with caplog.at_level(logging.WARNING, logger="slugline"):
        made = source.make_keys()
        assert source.make_keys() == source.find_keys() == made
    [message] = caplog.messages
    assert reason in message
    assert "they are in memory" in message
    assert "Make the folder writable, or set __NEXT_PREVIEW_MODE_ID" in message
    assert made.mode_id not in message
    assert source_of(tmp_path).find_keys() is None
    assert {path.name for path in set(tmp_path.rglob("*")) - set(before)} <= {".gitignore"}


def test_a_disk_without_links_keeps_the_keys_in_memory(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    source = source_of(tmp_path)
    assert source.make_keys() == source.find_keys()
    assert "Operation not permitted" in caplog.text
    assert [path.name for path in (tmp_path / ".slugline").iterdir()] == [".gitignore"]


# Clock and chance


def test_what_else_a_source_gives(tmp_path):
    source = source_of(tmp_path)
    assert source.secure
    assert not source_of(tmp_path, development=True).secure
    assert len(source.random_bytes(16)) == 16
    assert source.random_bytes(16) != source.random_bytes(16)
    assert source.now_seconds() > 1_700_000_000


def test_a_folder_that_becomes_known_later(tmp_path):
    write(tmp_path, {f"out/dev/{PROPS}": as_json("a")})
    told = [".next"]
    source = source_of(tmp_path, development=True, find_dist=lambda: told[-1])
    assert source.find_keys() is None
    told.append("out")
    assert source.find_keys() == keys_of("a")
