"""Which route answers a path: one tree of all routes, built once and searched depth-first.

How to think about it. Every node of the tree is one position in a path. It knows the route that ends there, its children
by text, the one child for `[x]`, and the route that takes all the rest (`[...x]` or `[[...x]]`). A search tries them in
that order and backs out of dead ends, so the leftmost segment decides: text beats `[x]` beats `[...x]` beats `[[...x]]`.

Cost. A route without parameters is one look-up in `static`, whatever their number. Otherwise each node is reached by one
path only, at one depth, so a search visits a node at most once and never more nodes than the project has files and
folders; no path that a client sends can make it worse, and in a project that does not mix text and `[x]` at every level
the visits are the depth of the path.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, NoReturn, TypeVar
from urllib.parse import quote

from msgspec import Struct

from slugline.errors import BadRequest, RouteConflict
from slugline.http.url import decode_segment
from slugline.routing.segments import CatchAll, OptionalCatchAll, Param, Segment, Static

__all__ = ["Match", "Route", "RouteTable", "build_table"]

Endpoint = TypeVar("Endpoint")

# RFC 3986 section 3.3: what a path segment may hold as it is, besides letters and digits.
PLAIN_CHARACTERS = "-._~!$&'()*+,;=:@"

# Stands for a segment whose percent-encoding is broken. A name never holds a NUL, so it equals no static text.
UNDECODABLE = "\0"


class Route(Struct, Generic[Endpoint], frozen=True):
    """One file that answers: its pattern ("/api/post/[pid]"), the pattern's segments, what to call, the file's name for messages."""

    pattern: str
    segments: tuple[Segment, ...]
    endpoint: Endpoint
    source: str


# PERF: not frozen, which would take three times as long to make; one is made per request (0.2 µs).
class Match(Struct, Generic[Endpoint]):
    """The route that answers, and its parameters: text, or a list of texts for a catch-all.

    The key of a `[[...x]]` that took no segment is absent.
    """

    route: Route[Endpoint]
    params: dict[str, str | list[str]]


class RouteTable(Generic[Endpoint]):
    """All routes of a project; made by `build_table`.

    `static` holds the routes without parameters by raw path, b"/api/hello", for the first look-up of a request;
    `match` finds these too, in whatever way the path is percent-encoded.
    """

    __slots__ = ("_root", "static")

    def __init__(self, root: "Node[Endpoint]", static: dict[bytes, Route[Endpoint]]) -> None:
        self._root = root
        self.static = static

    def match(self, path: str) -> Match[Endpoint] | None:
        """Find what answers a raw path, so "/api/post/a%20b" gives the route of [pid] and {"pid": "a b"}.

        The path is canonical: no dot segments, no empty ones, no "/" at the end. It is split before it is decoded, so
        that %2F never separates; parameters are decoded exactly once. None when nothing answers.
        Raises BadRequest for broken percent-encoding, invalid UTF-8 or a NUL in a segment that a parameter takes, and for
        a path that is not ASCII.
        """
        if "%" in path or "\0" in path or not path.isascii():
            return _match_encoded(self._root, path)
        texts = _split(path)
        ending = _find(self._root, texts, 1) if texts else None
        return Match(ending.route, ending.take_params(texts)) if ending is not None else None

    def match_ordinary(self, path: str) -> tuple[Route[Endpoint], dict[str, str | list[str]]] | None:
        """Find what answers a path that needs no decoding and is known to be canonical (`request_path.is_ordinary`).

        PERF: nearly every path is one, and takes less than half the time; without an object for the two, as one is made per request.
        """
        texts = path.split("/")
        ending = _find(self._root, texts, 1)
        return (ending.route, ending.take_params(texts)) if ending is not None else None

    def ordered(self) -> list[Route[Endpoint]]:
        """List the routes in matching order: where two answer a path, the earlier one gets it."""
        return list(_walk(self._root))


def build_table(routes: Iterable[Route[Endpoint]]) -> RouteTable[Endpoint]:
    """Put routes into one table.

    Raises RouteConflict, naming both files, when two answer the same path or name one position differently.
    """
    root: Node[Endpoint] = Node()
    static: dict[bytes, Route[Endpoint]] = {}
    for route in routes:
        _insert(root, route)
        if all(isinstance(segment, Static) for segment in route.segments):
            static[_raw_path(route)] = route
    return RouteTable(root, static)


class Ending(Generic[Endpoint]):
    """A route at the place where it ends, and where in a path its parameters are (the text before the first "/" is 0)."""

    __slots__ = ("names", "rest_name", "rest_start", "route")

    def __init__(self, route: Route[Endpoint]) -> None:
        self.route = route
        self.names = tuple((segment.name, place) for place, segment in enumerate(route.segments, 1) if isinstance(segment, Param))
        last = route.segments[-1] if route.segments else None
        self.rest_name = last.name if isinstance(last, CatchAll | OptionalCatchAll) else None
        self.rest_start = len(route.segments)

    def take_params(self, texts: list[str]) -> dict[str, str | list[str]]:
        params: dict[str, str | list[str]] = {}
        for name, place in self.names:  # PERF: half the time of a comprehension, before Python 3.12
            params[name] = texts[place]
        if self.rest_name is not None and len(texts) > self.rest_start:
            params[self.rest_name] = texts[self.rest_start :]
        return params


class Node(Generic[Endpoint]):
    """One position in a path."""

    __slots__ = ("here", "param", "param_name", "param_source", "rest", "static")

    def __init__(self) -> None:
        self.here: Ending[Endpoint] | None = None
        self.static: dict[str, Node[Endpoint]] = {}
        self.param: Node[Endpoint] | None = None
        self.param_name = ""
        self.param_source = ""  # the first file that came this way, for messages
        self.rest: Ending[Endpoint] | None = None


def _match_encoded(root: Node[Endpoint], path: str) -> Match[Endpoint] | None:
    if not path.isascii():
        # NEXTJS: Node.js's parser answers 400 too (RFC 3986 section 2: a URI is ASCII).
        raise BadRequest
    texts = [_decode(raw) for raw in _split(path)]
    ending = _find(root, texts, 1) if texts else None
    if ending is None:
        return None
    params = ending.take_params(texts)
    if any("\0" in text for value in params.values() for text in ([value] if isinstance(value, str) else value)):
        # NEXTJS: broken encoding is 400 there too, but a NUL reaches the handler; no handler is written for one.
        raise BadRequest
    return Match(ending.route, params)


def _split(path: str) -> list[str]:
    """Split at "/", keeping the empty text before the first one; nothing for a path that is not canonical."""
    if path == "/":
        return [""]
    if path[:1] != "/" or path[-1] == "/" or "//" in path:
        return []
    return path.split("/")


def _decode(raw: str) -> str:
    if "%" not in raw:
        return raw
    try:
        return decode_segment(raw)
    except ValueError:
        return UNDECODABLE


def _find(node: Node[Endpoint], texts: list[str], place: int) -> Ending[Endpoint] | None:
    # The calls nest as deep as the tree, which the project's folders bound, however long the path is.
    end = len(texts)
    while place < end:
        child = node.static.get(texts[place])
        param = node.param
        place += 1
        if child is None:
            if param is None:
                return node.rest
            child, param = param, None
        if param is None and node.rest is None:
            node = child  # PERF: the one way on, so nothing to come back to: no call
            continue
        found = _find(child, texts, place)
        if found is None and param is not None:
            found = _find(param, texts, place)
        return found if found is not None else node.rest
    return node.here


def _walk(node: Node[Endpoint]) -> Iterator[Route[Endpoint]]:
    if node.here is not None and node.here is not node.rest:
        yield node.here.route
    for _, child in sorted(node.static.items()):
        yield from _walk(child)
    if node.param is not None:
        yield from _walk(node.param)
    if node.rest is not None:
        yield node.rest.route


def _raw_path(route: Route[Endpoint]) -> bytes:
    texts = [quote(segment.text, safe=PLAIN_CHARACTERS) for segment in route.segments if isinstance(segment, Static)]
    return ("/" + "/".join(texts)).encode("ascii")


def _insert(root: Node[Endpoint], route: Route[Endpoint]) -> None:
    node = root
    for segment in route.segments:
        match segment:
            case Static(text):
                node = node.static.setdefault(text, Node())
            case Param(name):
                node = _enter_param(node, name, route)
            case CatchAll() | OptionalCatchAll():
                _end_with_rest(node, segment, route)
                return
    if node.here is not None:
        _refuse_same_path(node.here.route, route)
    node.here = Ending(route)


def _enter_param(node: Node[Endpoint], name: str, route: Route[Endpoint]) -> Node[Endpoint]:
    if node.param is None:
        node.param, node.param_name, node.param_source = Node(), name, route.source
    elif node.param_name != name:
        _refuse_two_names(f"[{node.param_name}]", node.param_source, f"[{name}]", route.source)
    return node.param


def _end_with_rest(node: Node[Endpoint], segment: CatchAll | OptionalCatchAll, route: Route[Endpoint]) -> None:
    if node.rest is not None:
        _refuse_two_catch_alls(node.rest.route, route)
    node.rest = Ending(route)
    if isinstance(segment, OptionalCatchAll):
        if node.here is not None:
            _refuse_same_path(node.here.route, route)
        node.here = node.rest


def _refuse_same_path(earlier: Route[Endpoint], later: Route[Endpoint]) -> NoReturn:
    for optional, index in ((earlier, later), (later, earlier)):
        match optional.segments[-1:]:
            case (OptionalCatchAll(name),):
                cure = f"Rename [[...{name}]] to [...{name}], or delete {index.source}"
                _refuse(earlier.source, later.source, f"both answer {index.pattern}", cure)
    _refuse(earlier.source, later.source, f"both answer {later.pattern}", "Delete one of the two")


def _refuse_two_catch_alls(earlier: Route[Endpoint], later: Route[Endpoint]) -> NoReturn:
    first, second = earlier.segments[-1], later.segments[-1]
    if type(first) is type(second):
        _refuse(earlier.source, later.source, "answer the same paths", "Delete one of the two")
    _refuse(
        earlier.source,
        later.source,
        "are a required and an optional catch-all in one folder",
        "Keep the one with [[...]], which takes all that the other takes",
    )


def _refuse_two_names(earlier_name: str, earlier_source: str, later_name: str, later_source: str) -> NoReturn:
    what = f"name one place of the path differently, {earlier_name} and {later_name}"
    _refuse(earlier_source, later_source, what, "Use one name for both")


def _refuse(earlier_source: str, later_source: str, what: str, cure: str) -> NoReturn:
    raise RouteConflict(f"{earlier_source} and {later_source} {what}. {cure}.", files=(earlier_source, later_source))
