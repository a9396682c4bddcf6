"""What `start` settles before anything listens."""

import logging.config
import socket

import pytest

from slugline.commands.start import ServerOptions, _check_port, _log_config, start
from slugline.errors import ProjectNotFound, ServerError


def test_the_project_is_looked_at_before_the_port(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ProjectNotFound):
            start(tmp_path, ServerOptions(port=taken.getsockname()[1]))


def test_a_free_port_is_free_and_stays_so():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _check_port("127.0.0.1", port)
    _check_port("127.0.0.1", port)


def test_a_port_that_is_taken_says_which_to_try():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"Port {port} on 127.0.0.1 cannot be had: .* Choose another: --port {port + 1}") as caught:
            _check_port("127.0.0.1", port)
    assert caught.value.code == "server"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_logs_go_to_standard_error_and_the_access_log_to_standard_output(level):
    config = _log_config(level)
    logging.config.DictConfigurator(config)  # its form is known
    assert config["loggers"]["slugline"] == {"level": level.upper(), "handlers": ["plain"], "propagate": False}
    streams = {name: handler["stream"] for name, handler in config["handlers"].items()}
    assert streams == {"plain": "ext://sys.stderr", "access": "ext://sys.stdout"}
    assert config["loggers"]["slugline.access"]["handlers"] == ["access"]
    assert config["disable_existing_loggers"] is False
