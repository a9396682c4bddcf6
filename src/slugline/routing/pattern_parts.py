"""The text of a path pattern as parts: literal text, parameters and groups.

The grammar is that of path-to-regexp 6 with "/" as the delimiter, which is what `source` and `destination` are written in:

    "/" text ":name" ["(" regex ")"] ["?" | "*" | "+"]        a parameter; a "/" or "." right before it is its prefix
    "(" regex ")" ["?" | "*" | "+"]                           a parameter without a name
    "{" text [parameter] text "}" ["?" | "*" | "+"]           a group
    "\\" character                                            the character itself
"""

import re
from urllib.parse import quote

from msgspec import Struct

from slugline.http.url import percent_decode

__all__ = ["SEGMENT", "Param", "Part", "canonical_text", "compile_regex", "parse_parts", "translate_regex"]

SEGMENT = "[^/]"
"""What a parameter without a regex of its own is made of."""

# Characters of a segment that need no escape, letters and digits aside (RFC 3986 section 3.3).
SEGMENT_SAFE = "!$&'()*+,;=:@-._~"

_NAME = re.compile(r"[A-Za-z0-9_]+")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PLAIN = re.compile(r"[A-Za-z0-9/!$&'()*+,;=:@\-._~]*")


class Param(Struct, frozen=True):
    """A part that may vary: a parameter with what belongs to each of its repetitions, or a group of text.

    `regex` is None for a parameter that has none of its own, and "" for a group that is only text. `forbidden` is the text before
    such a parameter, which it may not contain: "/:a-:b" gives "b" no hyphen. An unnamed parameter has the name None.
    """

    name: str | None
    prefix: str = ""
    suffix: str = ""
    regex: str | None = None
    forbidden: str = ""
    modifier: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it captures nothing."""
        return self.regex == ""

    @property
    def repeats(self) -> bool:
        return self.modifier in ("*", "+")

    @property
    def is_optional(self) -> bool:
        return self.modifier in ("?", "*")

    @property
    def separator(self) -> str:
        """What stands between two repetitions."""
        return self.suffix + self.prefix


Part = str | Param


def canonical_text(text: str) -> str:
    """Write a path, or literal text of one, in its one canonical form, so "/ü b/%7Eann%2fx" gives "/%C3%BC%20b/~ann%2Fx".

    Each segment is decoded once and encoded again, with escapes for nothing but what a segment cannot hold: two spellings that mean
    one path give one text. A segment that cannot be decoded keeps its escapes.
    """
    if _PLAIN.fullmatch(text):  # PERF: nearly always
        return text
    return "/".join(map(_canonical_segment, text.split("/")))


def _canonical_segment(segment: str) -> str:
    try:
        return quote(percent_decode(segment), safe=SEGMENT_SAFE)
    except ValueError:
        # SECURITY: no part of it is decoded: in "%%361", decoding "%36" would make a new escape, "%61".
        return _ESCAPE.sub(lambda found: found.group().upper(), quote(segment, safe=f"{SEGMENT_SAFE}%"))


def parse_parts(text: str) -> list[Part]:
    """Split a pattern, so "/a/:id(\\d+)" gives "/a" and Param("id", prefix="/", regex="\\d+"); text next to text is one part.

    Raises ValueError, whose message says what is wrong at which character.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.parts: list[Part] = []
        self.literal = ""
        self.was_escaped = False

    def parse(self) -> list[Part]:
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "{":
                self._flush()
                self.parts.append(self._read_group())
            elif character in ":(":
                # A slash or dot right before a parameter repeats with it. One that is escaped is text.
                self.parts.append(self._read_param(self._take_prefix()))
            elif character in "}*+?":
                raise ValueError(f"unexpected {character!r} at character {self.position + 1}. Write \\{character} for the character itself")
            else:
                self.literal += self._read_character()
        self._flush()
        return self.parts

    def _take_prefix(self) -> str:
        before = self.text[self.position - 1 : self.position] if self.position else ""
        is_escaped = self.position >= 2 and self.was_escaped
        prefix = before if before in ("/", ".") and self.literal.endswith(before) and not is_escaped else ""
        self.literal = self.literal[: len(self.literal) - len(prefix)]
        self._flush()
        return prefix

    def _read_param(self, prefix: str) -> Param:
        start = self.position
        name = self._read_name()
        regex = self._read_regex()
        forbidden = self._text_before(prefix, start) if regex is None else ""
        return Param(name, prefix, "", regex, forbidden, self._checked_modifier(name, prefix, regex))

    def _read_group(self) -> Param:
        start = self.position
        self.position += 1
        prefix = canonical_text(self._read_text())
        name = self._read_name()
        regex = self._read_regex()
        captures = name is not None or regex is not None
        forbidden = self._text_before(prefix, start) if captures and regex is None else ""
        suffix = canonical_text(self._read_text())
        if self.text[self.position : self.position + 1] != "}":
            raise ValueError(f"the {{ at character {start + 1} has no }} that fits. A group holds text and at most one parameter")
        self.position += 1
        if not captures:
            if not prefix + suffix:
                raise ValueError(f"the group at character {start + 1} is empty")
            return Param(None, prefix, suffix, "", "", self._read_modifier())
        return Param(name, prefix, suffix, regex, forbidden, self._checked_modifier(name, prefix + suffix, regex))

    def _text_before(self, prefix: str, start: int) -> str:
        """Give what a parameter may not contain: nothing if a slash comes before it, which it cannot contain anyway."""
        before = self.parts[-1] if self.parts else ""
        text = prefix or (before if isinstance(before, str) else "")
        if not text and isinstance(before, Param):
            label = f"the parameter :{before.name}" if before.name else "the parameter or group"
            raise ValueError(f"nothing stands between {label} and the parameter at character {start + 1}. Put text between the two")
        return "" if "/" in text else text

    def _checked_modifier(self, name: str | None, around: str, regex: str | None) -> str:
        modifier = self._read_modifier()
        if modifier in ("*", "+") and not around:
            written = f":{name}" if name else f"({regex})"
            raise ValueError(f"{written}{modifier} has no text that separates its repetitions. Write /{written}{modifier}")
        return modifier

    def _read_name(self) -> str | None:
        if self.text[self.position : self.position + 1] != ":":
            return None
        found = _NAME.match(self.text, self.position + 1)
        if found is None:
            raise ValueError(f"the : at character {self.position + 1} has no name after it. Write :name, or \\: for the character itself")
        self.position = found.end()
        return found.group()

    def _read_regex(self) -> str | None:
        start = self.position
        if self.text[start : start + 1] != "(":
            return None
        if self.text[start + 1 : start + 2] == "?":
            raise ValueError(f"the regex at character {start + 1} begins with ?. Put it into parentheses of its own: ((?!…).*)")
        depth, position = 1, start + 1
        while position < len(self.text):
            character = self.text[position]
            if character == "\\":
                position += 2
                continue
            depth += (character == "(") - (character == ")")
            if depth == 0:
                break
            if character == "(" and (self.text[position + 1 : position + 2] != "?" or re.match(r"\(\?P?<(?![=!])", self.text[position:])):
                raise ValueError(f"there is a capturing group at character {position + 1}. Write (?:…)")
            position += 1
        regex = self.text[start + 1 : position]
        if depth:
            raise ValueError(f"the ( at character {start + 1} has no ) that fits. Write \\( for the character itself")
        if not regex:
            raise ValueError(f"the parentheses at character {start + 1} are empty. Write a regex into them, such as (\\d+)")
        if not regex.isascii():
            raise ValueError(f"the regex ({regex}) holds characters outside ASCII. Write them as a URL has them, percent-encoded")
        compile_regex(regex)
        self.position = position + 1
        return regex

    def _read_modifier(self) -> str:
        modifier = self.text[self.position : self.position + 1]
        if modifier not in ("?", "*", "+"):
            return ""
        self.position += 1
        return modifier

    def _read_text(self) -> str:
        text = ""
        while self.position < len(self.text) and self.text[self.position] not in ":(){}*+?":
            text += self._read_character()
        return text

    def _read_character(self) -> str:
        character = self.text[self.position]
        self.was_escaped = character == "\\"
        if not self.was_escaped:
            self.position += 1
            return character
        if self.position + 1 == len(self.text):
            raise ValueError("it ends in a lone backslash")
        self.position += 2
        return self.text[self.position - 1]

    def _flush(self) -> None:
        if self.literal:
            self.parts.append(canonical_text(self.literal))
        self.literal = ""


def compile_regex(text: str) -> re.Pattern[str]:
    """Compile a regex that is written as in JavaScript: named groups are `(?<name>…)`; `(?P<name>…)` is understood as well.

    Raises ValueError for one that Python's `re` does not know.
    """
    try:
        return re.compile(translate_regex(text), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the regex {text} cannot be read: {error}") from None


def translate_regex(text: str) -> str:
    """Write a regex of JavaScript in Python's way: the names of groups, and brackets inside of character classes."""
    written, in_class, position = "", False, 0
    while position < len(text):
        character = text[position]
        step = character
        if character == "\\":
            step = text[position : position + 2]
        elif in_class:
            in_class = character != "]"
            # Python warns of a [ and of doubled &, -, | and ~ in a class, which may mean sets one day.
            step = f"\\{character}" if character in "[&|~" else character
        elif character == "[":
            in_class = True
        elif re.match(r"\(\?<[A-Za-z_]", text[position : position + 4]):
            written, position = f"{written}(?P<", position + 3
            continue
        written, position = written + step, position + len(step)
    return written
