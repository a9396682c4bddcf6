"""Where a server may listen."""

import errno
import socket
from collections.abc import Iterator

import pytest

from slugline.errors import ServerError
from slugline.runtime import listen
from slugline.runtime.listen import find_port, resolve_host


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


ADDRESSES = {
    "127.0.0.1": "127.0.0.1",
    "0.0.0.0": "0.0.0.0",
    "localhost": "127.0.0.1",
    " localhost ": "127.0.0.1",
    "::1": "::1",
    "[::1]": "::1",
    "::": "::",
}


@pytest.mark.parametrize(("host", "address"), ADDRESSES.items())
def test_a_host_becomes_an_address(host: str, address: str) -> None:
    assert resolve_host(host) == address


def test_ipv4_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET6, 1, 6, "", ("fe80::1", 0, 0, 0)), (socket.AF_INET, 1, 6, "", ("192.0.2.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: list(both))
    assert resolve_host("both.example") == "192.0.2.1"
    del both[1]
    assert resolve_host("both.example") == "fe80::1"


@pytest.mark.parametrize("host", ["", "  ", "no_such_host.invalid", "a" * 64 + ".example", "a\0b", "[", "300.1.1.1"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(ServerError, match=r"host .*Give 127\.0\.0\.1 for this machine alone") as caught:
        resolve_host(host)
    assert caught.value.code == "server"


def test_a_free_port_is_free_and_stays_so() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert find_port("127.0.0.1", port) == port
    assert find_port("127.0.0.1", port) == port


def test_a_port_that_is_taken_says_which_to_try(taken: int) -> None:
    with pytest.raises(ServerError, match=f"Port {taken} on 127.0.0.1 cannot be had: .* Choose another: --port {taken + 1}") as caught:
        find_port("127.0.0.1", taken)
    assert caught.value.code == "server"


def test_the_next_free_port_is_found(taken: int) -> None:
    assert taken < find_port("127.0.0.1", taken, tries=20) < taken + 20


def test_another_program_at_the_other_address_of_localhost() -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"this machine has no ::1 ({error})")
    with other:
        port = other.getsockname()[1]
        assert find_port("127.0.0.1", port) == port
        assert port < find_port("127.0.0.1", port, tries=20, as_localhost=True)
        with pytest.raises(ServerError, match=f"Port {port} on 127.0.0.1 cannot be had: .* Choose another"):
            find_port("127.0.0.1", port, as_localhost=True)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(ServerError, match=r"It is no address of this machine\. Give --host 127\.0\.0\.1"):
        find_port("192.0.2.1", 3000, tries=20)


@pytest.mark.parametrize(
    ("port", "number", "cure"),
    [
        (65535, errno.EADDRINUSE, "--port 65534."),
        (80, errno.EACCES, "Ports below 1024 need rights that this user lacks. Choose another: --port 8080."),
        (3000, errno.EADDRINUSE, "--port 3001."),
    ],
)
def test_the_cure_fits(monkeypatch: pytest.MonkeyPatch, port: int, number: int, cure: str) -> None:
    monkeypatch.setattr(listen, "_try_to_bind", lambda address, port: OSError(number, "so the system says"))
    with pytest.raises(ServerError) as caught:
        find_port("127.0.0.1", port, tries=20)
    assert caught.value.message.startswith(f"Port {port} on 127.0.0.1 cannot be had: so the system says.")
    assert caught.value.message.endswith(cure)
