"""A regex of the user's own, matched in time that grows with the length of the text, however the text is made.

How to think about it. Python's `re` tries one way after the other, and forgets what it has tried: "(?:a+)+x" takes twice as long for
each further "a". Most regexes of a project cannot do that, which `reckon` tells, and `re` matches them, as it does short texts. For
the others there is a machine of steps here. It tries the same ways in the same order, and remembers at which steps and places it has
been: a way that comes to one of them again has failed there before. So it finds what `re` finds, in steps times characters at the most.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from slugline.routing.regex_tree import Ahead, Atom, Choice, Cost, Group, Node, Place, Repeat, Sequence, read_tree, unbounded

__all__ = ["BoundedRegex", "compile_bounded"]

MOST_WAYS = 64
"""How many ways the options of a regex may be combined in ("a?", "a|b", "a{1,3}") for `re` to match a text of any length."""
# PERF: a millisecond in `re`. The machine takes a hundred times as long as `re` does for a text that is not hostile.
MOST_TRIES = 1_000_000
MOST_STEPS = 1000
"""A repetition with numbers is written out; this is some twenty times what a pattern of a project has."""

Span = tuple[int, int] | None


class BoundedRegex:
    """A regex in Python's way, with what it costs `re`; a text so long that this is too much is matched by the machine.

    `groupindex` are the numbers of the groups with names, as in `re`. Raises ValueError for a regex with a part that the machine does
    not know: a reference back to a group, flags, a possessive repetition.
    """

    def __init__(self, regex: str, cost: Cost | None) -> None:
        self._regex = re.compile(regex, re.ASCII)
        self.groupindex: Mapping[str, int] = self._regex.groupindex
        self._short = 0 if cost is None else int((MOST_TRIES / cost[1]) ** (1 / max(cost[0], 1)))
        self._steps = _Program(read_tree(regex)).steps

    def spans(self, text: str) -> list[Span] | None:
        """Match the whole text, and give where each group stands in it, None for one that took no part; None for no match."""
        if len(text) > self._short:
            return _run(self._steps, text, self._regex.groups)
        found = self._regex.fullmatch(text)
        return None if found is None else [_span(*found.span(group)) for group in range(1, self._regex.groups + 1)]


def compile_bounded(regex: str, cost: Cost | None) -> BoundedRegex | re.Pattern[str]:
    """Compile a regex in Python's way, whose cost has been reckoned: by `re` where it is cheap. Raises ValueError as BoundedRegex does."""
    if cost is not None and cost[0] <= 1 and cost[1] <= MOST_WAYS:
        return re.compile(regex, re.ASCII)
    return BoundedRegex(regex, cost)


_TAKE, _FORK, _JUMP, _MARK, _LOOK, _AHEAD, _DONE = range(7)

_Step = tuple[int, Any, int]


class _Program:
    """Writes a regex as steps: a kind, and what it needs; a fork tries its first way first."""

    def __init__(self, tree: Node) -> None:
        self.steps: list[_Step] = []
        self._write(tree)
        self._add(_DONE)

    def _add(self, kind: int, what: Any = None, other: int = 0) -> int:
        if len(self.steps) >= MOST_STEPS:
            raise ValueError("its regex is too large for one that may try many ways. Write smaller numbers into its { }, or several rules")
        self.steps.append((kind, what, other))
        return len(self.steps) - 1

    def _write(self, node: Node) -> None:
        match node:
            case Atom(text):
                self._add(_TAKE, _characters(text).__getitem__)
            case Place(text):
                self._add(_LOOK, re.compile(text, re.ASCII))
            case Ahead(inner, is_wanted):
                self._add(_AHEAD, _Program(inner).steps, int(is_wanted))
            case Sequence(nodes):
                for each in nodes:
                    self._write(each)
            case Choice(nodes):
                self._write_choice(nodes)
            case Group(number, inner):
                self._add(_MARK, 2 * number - 2)
                self._write(inner)
                self._add(_MARK, 2 * number - 1)
            case Repeat():
                self._write_repeat(node)

    def _write_choice(self, nodes: tuple[Node, ...]) -> None:
        jumps = []
        for each in nodes[:-1]:
            fork = self._add(_FORK)
            self._write(each)
            jumps.append(self._add(_JUMP))
            self.steps[fork] = (_FORK, fork + 1, len(self.steps))
        self._write(nodes[-1])
        for jump in jumps:
            self.steps[jump] = (_JUMP, len(self.steps), 0)

    def _write_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self._write(node.node)
        if node.most is None:
            fork = self._add(_FORK)
            self._write(node.node)
            self._add(_JUMP, fork)
            self._set_fork(fork, is_lazy=node.is_lazy)
            return
        forks = []
        for _ in range(node.most - node.least):
            forks.append(self._add(_FORK))
            self._write(node.node)
        for fork in forks:
            self._set_fork(fork, is_lazy=node.is_lazy)

    def _set_fork(self, fork: int, *, is_lazy: bool) -> None:
        inside, behind = fork + 1, len(self.steps)
        self.steps[fork] = (_FORK, behind, inside) if is_lazy else (_FORK, inside, behind)


def _run(steps: list[_Step], text: str, groups: int) -> list[Span] | None:
    length, width = len(text), len(text) + 1
    been = bytearray(len(steps) * width)
    aheads = _Aheads(text)
    ways: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, (-1,) * (2 * groups))]
    while ways:
        step, place, marks = ways.pop()
        while not been[step * width + place]:
            been[step * width + place] = 1
            kind, what, other = steps[step]
            if kind == _FORK:
                ways.append((other, place, marks))
                step = what
            elif kind == _JUMP:
                step = what
            elif kind == _MARK:
                marks = (*marks[:what], place, *marks[what + 1 :])
                step += 1
            elif kind == _DONE:
                if place == length:
                    return [_span(*marks[index : index + 2]) for index in range(0, len(marks), 2)]
                break
            elif aheads.may_pass(steps[step], place):
                step, place = step + 1, place + (kind == _TAKE)
            else:
                break
    return None


class _Aheads:
    """What the looks ahead find in one text. Each remembers which of its steps and places have led to the end, and which have not."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, tuple[bytearray, bytearray]] = {}

    def may_pass(self, step: _Step, place: int) -> bool:
        """Tell whether a step that takes a character or looks can be taken at a place."""
        kind, what, other = step
        if kind == _TAKE:
            return place < len(self._text) and bool(what(self._text[place]))
        if kind == _LOOK:
            return what.match(self._text, place) is not None
        return self._finds(what, place) == bool(other)

    def _finds(self, steps: list[_Step], place: int) -> bool:
        width = len(self._text) + 1
        if id(steps) not in self._known:
            self._known[id(steps)] = bytearray(len(steps) * width), bytearray(len(steps) * width)
        been, leads = self._known[id(steps)]
        came_from: dict[int, int] = {}
        ways = [(place, -1)]
        while ways:
            state, before = ways.pop()
            while leads[state] or not been[state]:
                been[state] = 1
                came_from.setdefault(state, before)
                step, place = divmod(state, width)
                kind, what, other = steps[step]
                if leads[state] or kind == _DONE:
                    while state >= 0:
                        leads[state] = 1
                        state = came_from[state]
                    return True
                before = state
                if kind == _FORK:
                    ways.append((other * width + place, state))
                    state = what * width + place
                elif kind == _JUMP:
                    state = what * width + place
                elif self.may_pass(steps[step], place):
                    state += width + (kind == _TAKE)
                else:
                    break
        return False


def _span(start: int, end: int) -> Span:
    return (start, end) if start >= 0 and end >= 0 else None


def _characters(text: str) -> "_Characters":
    try:
        return _Characters(text)
    except re.error:
        raise unbounded(repr(text)) from None


class _Characters(dict[str, bool]):
    """Which characters an atom takes; `re` is asked once for each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._match: Callable[[str], object] = re.compile(text, re.ASCII).match

    def __missing__(self, character: str) -> bool:
        taken = self._match(character) is not None
        if len(self) < 1024:
            self[character] = taken
        return taken
