"""What `start` settles before anything listens."""

import logging.config
import os
import socket

import pytest

from slugline.commands.start import ServerOptions, _log_config, _take_turns, start
from slugline.errors import ProjectNotFound, ServerError


def test_the_project_is_looked_at_before_the_port(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ProjectNotFound):
            start(tmp_path, ServerOptions(port=taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("", 3000, "The host to listen on is empty"),
        ("no_such_host.invalid", 3000, "The host 'no_such_host.invalid' cannot be found"),
        ("192.0.2.1", 3000, "It is no address of this machine"),
    ],
)
def test_an_address_that_cannot_be_had_stops_the_start(tmp_path, host, port, message):
    (tmp_path / "pages").mkdir()
    with pytest.raises(ServerError, match=message):
        start(tmp_path, ServerOptions(host, port))


def test_a_port_that_is_taken_stops_the_start_by_name_too(tmp_path):
    (tmp_path / "pages").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"Port {port} on 127.0.0.1 cannot be had: .* Choose another"):
            start(tmp_path, ServerOptions("localhost", port))


def test_a_project_without_routes_is_told_of(tmp_path, caplog):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "hello.py").write_text("def handler(req, res): ...\n")
    with pytest.raises(ServerError):
        start(tmp_path, ServerOptions(""))
    assert "There are no routes in pages/api/. pages/hello.py answers nothing" in caplog.text


@pytest.mark.parametrize(
    ("workers", "page_store", "told"),
    [(2, "", True), (2, "disk", True), (1, "", False), (2, "memory", False), (2, "redis://localhost:1", False)],
)
def test_workers_that_cannot_share_their_pages_are_told_of(tmp_path, monkeypatch, caplog, workers, page_store, told):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "news.html").write_text("")
    (tmp_path / "pages" / "news.py").write_text("def get_static_props(context): ...\n")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root, who may write to any folder
    with pytest.raises(ServerError, match="host"):
        start(tmp_path, ServerOptions("", workers=workers, given={"page_store": page_store}))
    assert ("cannot be written to, so that each worker keeps the pages in its own memory" in caplog.text) == told


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_logs_go_to_standard_error_and_the_access_log_to_standard_output(level):
    config = _log_config(level)
    logging.config.DictConfigurator(config)  # its form is known
    assert config["loggers"]["slugline"] == {"level": level.upper(), "handlers": ["plain"], "propagate": False}
    streams = {name: handler["stream"] for name, handler in config["handlers"].items()}
    assert streams == {"plain": "ext://sys.stderr", "access": "ext://sys.stdout"}
    assert config["loggers"]["slugline.access"]["handlers"] == ["access"]
    assert config["disable_existing_loggers"] is False


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has this policy, no other system")
@pytest.mark.parametrize("policy", ["SCHED_IDLE", "SCHED_FIFO"])
def test_a_scheduling_policy_that_was_chosen_stays(monkeypatch, policy):
    given = []
    monkeypatch.setattr(os, "sched_getscheduler", lambda process: getattr(os, policy))
    monkeypatch.setattr(os, "sched_setscheduler", lambda *arguments: given.append(arguments))
    _take_turns()
    assert given == []
    monkeypatch.setattr(os, "sched_getscheduler", lambda process: os.SCHED_OTHER)
    _take_turns()
    assert [process for process, *_ in given] == [0]


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has this policy, no other system")
def test_a_sandbox_may_forbid_another_scheduling_policy(monkeypatch):
    def refuse(*arguments):
        raise PermissionError

    monkeypatch.setattr(os, "sched_getscheduler", lambda process: os.SCHED_OTHER)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    _take_turns()
