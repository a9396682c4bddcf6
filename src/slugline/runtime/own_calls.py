"""The advice of Next.js, enforced in development: a page does not ask its own API by HTTP, it calls the function.

The call would go out and come back in, need the server's address, and fail in a build, where no server runs.
"""

import ipaddress
import socket
import sys
from collections.abc import Collection

from slugline.errors import PageError
from slugline.runtime.page_route import computed_page

__all__ = ["refuse_own_calls"]

_ports: set[int] = set()
_installed: list[bool] = []


def refuse_own_calls(ports: Collection[int]) -> None:
    """Refuse connections to these ports of this machine while the data of a page is computed; for the rest of the process.

    The page's function gets a PageError that says what to do instead.
    """
    _ports.update(ports)
    if not _installed:  # a hook cannot be taken off again
        _installed.append(True)
        sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    source = computed_page.get()
    if source and len(arguments) > 1 and _is_own(arguments[1]):
        if isinstance(arguments[0], socket.socket):
            arguments[0].close()  # libraries do so for an OSError alone
        raise PageError(
            f"{source} asks its own API by HTTP while the page is made. Put what the route does into a function, in lib/ for instance, "
            "and call it in both places.",
            files=[source],
        )


def _is_own(address: object) -> bool:
    if not isinstance(address, tuple) or len(address) < 2 or address[1] not in _ports:
        return False
    host = str(address[0])
    if host == "localhost":
        return True
    try:
        place = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    place = getattr(place, "ipv4_mapped", None) or place
    return place.is_loopback or place.is_unspecified
