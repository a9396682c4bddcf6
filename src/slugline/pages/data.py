"""What the functions of a page give: checked, and turned into plain values.

NEXTJS: the keys are those of getStaticProps, getServerSideProps and getStaticPaths; each may be written as there or in snake_case.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from slugline.errors import PageError

__all__ = ["NotFound", "PageContext", "Props", "Redirect", "Result", "read_result"]

MOST_SECONDS = 2**53 - 1
"""The largest whole number that JavaScript and every store keep exactly."""
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
STATIC_KEYS = ("props", "redirect", "not_found", "revalidate")
SERVER_KEYS = ("props", "redirect", "not_found")
REDIRECT_KEYS = ("destination", "permanent", "status_code", "base_path")


class Props(Struct, frozen=True):
    """Data for the page. `revalidate_seconds` is after how long the page is made anew; None for never."""

    props: Mapping[str, Any] = field(default_factory=dict)
    revalidate_seconds: int | None = None


class NotFound(Struct, frozen=True):
    """There is no such page, for as long as that says."""

    revalidate_seconds: int | None = None


class Redirect(Struct, frozen=True):
    """The page is elsewhere."""

    location: str
    status: int
    revalidate_seconds: int | None = None


Result = Props | NotFound | Redirect


class PageContext(dict[str, Any]):
    """What a page's function is given: `context["params"]["slug"]`, or `context.params["slug"]`.

    Every function has `params`, `draft_mode`, `preview` and `preview_data`; get_server_side_props has `req`, `res`, `query` and
    `resolved_url` too. NEXTJS: the names there, `resolvedUrl` and the like, are read as well.
    """

    def __missing__(self, key: str) -> Any:
        snake = _to_snake(key) if isinstance(key, str) else key
        if snake != key and snake in self:
            return self[snake]
        raise KeyError(f"{key!r} is not in the context, which has {', '.join(sorted(self))}")

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None


def read_result(value: object, where: str, *, is_static: bool) -> Result:
    """Read what get_static_props or get_server_side_props gave; `where` names the function for messages.

    Raises PageError for anything else than a mapping with one of `props`, `redirect` and `not_found`, and for unknown keys.
    """
    allowed = STATIC_KEYS if is_static else SERVER_KEYS
    if not isinstance(value, Mapping):
        raise PageError(f'{where} returned {_name(value)}. Return a mapping: {{"props": {{...}}}}.')
    found = _read_keys(value, where, allowed)
    kinds = [key for key in ("props", "redirect", "not_found") if found.get(key) not in (None, False)]
    if len(kinds) > 1:
        raise PageError(f"{where} returned {' and '.join(kinds)}. Return one of them.")
    seconds = _read_revalidate(found.get("revalidate"), where)
    if found.get("not_found"):
        if found["not_found"] is not True:
            raise PageError(f"{where}: not_found is {found['not_found']!r}. Allowed: True.")
        return NotFound(seconds)
    if found.get("redirect"):
        return _read_redirect(found["redirect"], where, seconds)
    if "props" not in found:
        raise PageError(f'{where} returned none of props, redirect and not_found. For a page without data: return {{"props": {{}}}}.')
    props = found["props"]
    if not isinstance(props, Mapping) or not all(isinstance(key, str) for key in props):
        raise PageError(f"{where}: props is {_name(props)}. Give a mapping from names to values: the template sees each under its name.")
    return Props(props, seconds)


def _read_keys(value: Mapping[Any, Any], where: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, each in value.items():
        plain = _to_snake(key) if isinstance(key, str) else key
        if plain not in allowed:
            hint = " A page that is made for each request has nothing to revalidate." if plain == "revalidate" else ""
            raise PageError(f"{where} returned the unknown key {key!r}. Allowed: {', '.join(allowed)}.{hint}")
        found[plain] = each
    return found


def _read_revalidate(value: object, where: str) -> int | None:
    if value is None or value is False:
        return None
    if value is True:  # NEXTJS: as often as asked for, at most once a second
        return 1
    if isinstance(value, int) and value > MOST_SECONDS:
        raise PageError(f"{where}: revalidate is more than {MOST_SECONDS} seconds. Give False for never.")
    if isinstance(value, int) and value > 0:
        return value
    raise PageError(f"{where}: revalidate is {value!r}. Allowed: a whole number of seconds from 1 up, or False for never.")


def _read_redirect(value: object, where: str, seconds: int | None) -> Redirect:
    if not isinstance(value, Mapping):
        raise PageError(f'{where}: redirect is {_name(value)}. Write {{"destination": "/path", "permanent": False}}.')
    found = _read_keys(value, f"{where}: redirect", REDIRECT_KEYS)
    destination = found.get("destination")
    if not isinstance(destination, str) or not destination:
        raise PageError(f'{where}: redirect has no destination. Write {{"destination": "/path", "permanent": False}}.')
    status = found.get("status_code")
    if status is not None:
        if "permanent" in found:
            raise PageError(f"{where}: redirect has permanent and status_code. Keep one of them.")
        if isinstance(status, bool) or status not in REDIRECT_STATUSES:
            raise PageError(f"{where}: redirect has the status_code {status!r}. Allowed: 301, 302, 303, 307, 308.")
        return Redirect(destination, int(status), seconds)
    if not isinstance(found.get("permanent"), bool):
        raise PageError(f"{where}: redirect has no permanent. Write True for 308, which browsers keep, or False for 307.")
    return Redirect(destination, 308 if found["permanent"] else 307, seconds)


def _to_snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _name(value: object) -> str:
    return "None" if value is None else f"{type(value).__name__}, no mapping"
