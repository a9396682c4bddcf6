"""A regex as a tree: what it takes, and what matching it may cost.

Only what a regex that `re` has compiled may hold is read here; what is written wrongly `re` has refused before.
"""

import re

from msgspec import Struct

__all__ = [
    "Ahead",
    "Atom",
    "Choice",
    "Cost",
    "Group",
    "Node",
    "Place",
    "Repeat",
    "Sequence",
    "end_of_class",
    "read_tree",
    "reckon",
    "unbounded",
]

LARGE = 16
"""From how many more on than it has to have a repetition counts as one without an end."""

_NUMBERS = re.compile(r"\{(\d*)(,?)(\d*)\}")
_LOOKS = re.compile(r"\(\?<?[=!]")
_NAMED = re.compile(r"\(\?P<([A-Za-z_]\w*)>", re.ASCII)
_ESCAPE = re.compile(r"\\(?:0[0-7]{0,2}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)


class Atom(Struct, frozen=True):
    """What takes one character, as it is written."""

    text: str


class Place(Struct, frozen=True):
    """What takes none: an anchor, a look back, which has one length, or a short look ahead; `re` answers it."""

    text: str


class Ahead(Struct, frozen=True):
    """A look ahead, for what is there or for what is not."""

    node: "Node"
    is_wanted: bool


class Sequence(Struct, frozen=True):
    nodes: "tuple[Node, ...]"


class Choice(Struct, frozen=True):
    nodes: "tuple[Node, ...]"


class Group(Struct, frozen=True):
    """A group that captures."""

    number: int
    node: "Node"


class Repeat(Struct, frozen=True):
    node: "Node"
    least: int
    most: int | None
    is_lazy: bool


Node = Atom | Place | Ahead | Sequence | Choice | Group | Repeat

Cost = tuple[int, int]
"""How many repetitions without an end there are, and in how many ways the options may be combined."""


def read_tree(regex: str) -> Node:
    """Read a regex in Python's way. Raises ValueError for a part that the machine does not know: a reference back, flags."""
    return _Reader(regex).read()


def reckon(regex: str) -> Cost | None:
    """Tell what a regex in Python's way may cost `re`, so "a?[bc]+" gives (1, 2); None where that has no plain bound.

    A text of n characters takes it n ** repetitions * ways steps at the most. Raises ValueError for a regex that is not understood.
    """
    return _cost(read_tree(regex))


def unbounded(what: str) -> ValueError:
    """Give the error for a part of a regex that cannot be matched in bounded time."""
    return ValueError(f"its regex has {what}, for which matching cannot be promised to be quick. Write it without")


def end_of_class(text: str, position: int) -> int:
    """Give where the character class that begins at a position ends."""
    position += 2 if text.startswith("[^", position) else 1
    position += text.startswith("]", position)  # which is a character of the class at its beginning
    while position < len(text) and text[position] != "]":
        position += 2 if text[position] == "\\" else 1
    return position + 1


class _Reader:
    """Reads a regex that `re` has compiled before, so that what is written wrongly does not come here."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.groups = 0
        self.names: dict[str, int] = {}

    def read(self) -> Node:
        node = self._read_choice()
        if self.position < len(self.text):
            raise unbounded("a ) without a (")
        return node

    def _read_choice(self) -> Node:
        nodes = [self._read_sequence()]
        while self.text[self.position : self.position + 1] == "|":
            self.position += 1
            nodes.append(self._read_sequence())
        return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))

    def _read_sequence(self) -> Node:
        nodes: list[Node] = []
        while self.position < len(self.text) and self.text[self.position] not in "|)":
            nodes.append(self._read_repeat())
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def _read_repeat(self) -> Node:
        node = self._read_one()
        least, most = self._read_numbers()
        if (least, most) == (1, 1):
            return node
        follows = self.text[self.position : self.position + 1]
        if follows == "+":
            raise unbounded("a possessive repetition")
        self.position += follows == "?"
        return Repeat(node, least, most, follows == "?")

    def _read_numbers(self) -> tuple[int, int | None]:
        character = self.text[self.position : self.position + 1]
        if character and character in "*+?":
            self.position += 1
            return (int(character == "+"), 1 if character == "?" else None)
        found = _NUMBERS.match(self.text, self.position)
        if found is None or found.group() == "{}":
            return 1, 1
        self.position = found.end()
        least = int(found[1] or 0)
        return least, (int(found[3]) if found[3] else None) if found[2] else least

    def _read_one(self) -> Node:
        start, character = self.position, self.text[self.position]
        if character == "(":
            return self._read_group()
        if character == "[":
            self.position = end_of_class(self.text, start)
        elif character == "\\":
            found = _ESCAPE.match(self.text, start)
            self.position = found.end() if found is not None else start + 2
            if self.text[start + 1 : start + 2].isdigit() and self.text[start + 1] != "0":
                raise unbounded("a reference back to a group")
        else:
            self.position += 1
        text = self.text[start : self.position]
        return Place(text) if text in ("^", "$", "\\b", "\\B", "\\A", "\\Z") else Atom(text)

    def _read_group(self) -> Node:
        start = self.position
        named = _NAMED.match(self.text, start)
        look = _LOOKS.match(self.text, start)
        number = 0
        if named is not None or self.text[start + 1 : start + 2] != "?":
            self.groups += 1
            number = self.groups
            if named is not None:
                self.names[named[1]] = number
            self.position = named.end() if named is not None else start + 1
        elif look is not None:
            self.position = look.end()
        elif self.text.startswith("(?:", start):
            self.position += 3
        else:
            raise unbounded(repr(self.text[start : start + 3]))
        groups = self.groups
        node = self._read_choice()
        if self.text[self.position : self.position + 1] != ")":
            raise unbounded("a ( without a )")
        self.position += 1
        if look is not None:
            if self.groups != groups:
                raise unbounded("a group that captures inside of a look ahead or back")
            is_short = "<" in look.group() or _cost(node) == (0, 1)
            return Place(self.text[start : self.position]) if is_short else Ahead(node, look.group() == "(?=")
        return Group(number, node) if number else node


def _cost(node: Node) -> Cost | None:
    match node:
        case Atom() | Place():
            return 0, 1
        case Group(_, inner) | Ahead(inner):
            return _cost(inner)
        case Sequence(nodes) | Choice(nodes):
            repetitions, most_repetitions, ways = 0, 0, 1 if isinstance(node, Sequence) else len(nodes)
            for each in nodes:
                cost = _cost(each)
                if cost is None:
                    return None
                # A look ahead is made for each of the ways that come to it, and has no part in those that go on.
                most_repetitions = max(most_repetitions, repetitions + cost[0])
                repetitions += 0 if isinstance(each, Ahead) else cost[0]
                ways *= cost[1]
            return most_repetitions, ways
        case Repeat(inner, least, most, _):
            if most == 1:
                cost = _cost(inner)
                return None if cost is None else (cost[0], cost[1] * 2)
            # What is always as long as it is can be repeated in one way only.
            if not all(isinstance(each, Atom | Place) for each in (inner.nodes if isinstance(inner, Sequence) else (inner,))):
                return None
            return (1, 1) if most is None or most - least >= LARGE else (0, most - least + 1)
