"""Where a server may listen: a host name becomes an address, and a port is looked at before the server asks for it."""

import errno
import socket

from slugline.errors import ServerError

__all__ = ["find_port", "resolve_host"]

LAST_PORT = 65535
LAST_PRIVILEGED_PORT = 1023


def resolve_host(host: str) -> str:
    """Give the address that a host stands for, so "localhost" gives "127.0.0.1": IPv4 where there is one, as most clients try it.

    Raises ServerError for a name that stands for none.
    """
    cure = "Give 127.0.0.1 for this machine alone, 0.0.0.0 for all of its addresses, or one of them."
    name = host.strip()
    if not name:
        raise ServerError(f"The host to listen on is empty. {cure}")
    if name.startswith("[") and name.endswith("]"):  # as in a URL
        name = name[1:-1]
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # ValueError: text that is no name at all
        reason = getattr(error, "strerror", None) or "that is no name"
        raise ServerError(f"The host {host!r} cannot be found: {reason}. {cure}") from error
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    return str(found[0][4][0])


def find_port(address: str, port: int, *, tries: int = 1, as_localhost: bool = False) -> int:
    """Give `port`, or, with more tries, the first of the next ones that is free on an address from `resolve_host`.

    `as_localhost`: it will be asked for by that name, which browsers look for at ::1 first, so another program must not be there.
    Raises ServerError with the cure that fits what the system says.
    """
    refusal: OSError | None = None
    for candidate in range(port, min(port + tries, LAST_PORT + 1)):
        refusal = _try_to_bind(address, candidate)
        if refusal is None and as_localhost:
            refusal = _find_other_localhost(candidate)
        if refusal is None:
            return candidate
        if refusal.errno == errno.EADDRNOTAVAIL:  # of the address, whatever the port
            break
    raise ServerError(_explain(address, port, refusal)) from refusal


def _try_to_bind(address: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the server will do, so that connections of an earlier run that are still closing do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error
    return None


def _find_other_localhost(port: int) -> OSError | None:
    """Give why the port cannot be had on ::1, if that is because somebody has it."""
    refusal = _try_to_bind("::1", port)
    return refusal if refusal is not None and refusal.errno == errno.EADDRINUSE else None


def _explain(address: str, port: int, refusal: OSError | None) -> str:
    number = refusal.errno if refusal is not None else None
    what = f"Port {port} on {address} cannot be had: {refusal.strerror if refusal is not None else 'there is no such port'}."
    if number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"{what} It is no address of this machine. Give --host 127.0.0.1, or 0.0.0.0 for all of its addresses."
    if number in (errno.EACCES, errno.EPERM) and port <= LAST_PRIVILEGED_PORT:
        return f"{what} Ports below 1024 need rights that this user lacks. Choose another: --port {port + 8000}."
    return f"{what} Choose another: --port {port + 1 if port < LAST_PORT else port - 1}."
