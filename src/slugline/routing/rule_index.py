"""Find the rules that a path may match, among hundreds, in less time than matching one of them takes.

The known segments at the beginning of each source make a tree. A path walks down it and collects the few rules whose known segments
it has; only those are matched.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from slugline.routing.source_pattern import SourcePattern

__all__ = ["RuleIndex"]

Rule = TypeVar("Rule")


class _Node(Generic[Rule]):
    __slots__ = ("any_segment", "ending", "literal", "open")

    def __init__(self) -> None:
        self.literal: dict[str, _Node[Rule]] = {}
        self.any_segment: _Node[Rule] | None = None
        self.ending: list[tuple[int, Rule]] = []
        """Rules whose path ends here."""
        self.open: list[tuple[int, Rule]] = []
        """Rules that say nothing plain about what follows."""


class RuleIndex(Generic[Rule]):
    """Rules by what their sources begin with; `source_of` gives the source of one."""

    def __init__(self, rules: Sequence[Rule], source_of: Callable[[Rule], SourcePattern]) -> None:
        self.rules = tuple(rules)
        self._root: _Node[Rule] = _Node()
        self._depth = 1
        for position, rule in enumerate(rules):
            self._add(position, rule, source_of(rule))

    def _add(self, position: int, rule: Rule, source: SourcePattern) -> None:
        node = self._root
        self._depth = max(self._depth, len(source.leading) + 1)
        for segment in source.leading:
            if segment is not None:
                node = node.literal.setdefault(segment, _Node())
            else:
                if node.any_segment is None:
                    node.any_segment = _Node()
                node = node.any_segment
        (node.ending if source.is_whole else node.open).append((position, rule))

    def may_match(self, path: str) -> bool:
        """Tell whether there is any candidate; most often there is none, and this is the quickest way to know."""
        # PERF: 0.5 to 0.7 µs, for whatever number of rules. Most paths leave the tree after a segment or two.
        segments = path.split("/", self._depth)
        if not segments[-1]:
            segments.pop()
        return _is_reached(self._root, segments, 1, len(segments))

    def find_candidates(self, path: str) -> Sequence[tuple[int, Rule]]:
        """Give the rules that may match a canonical path, in their order, each with its position."""
        # PERF: most paths leave the tree after a segment or two. What lies deeper than any rule is not split.
        segments = path.split("/", self._depth)
        if not segments[-1]:
            segments.pop()
        found: list[tuple[int, Rule]] = []
        nodes = [self._root]
        for index in range(1, len(segments)):
            segment = segments[index]
            following: list[_Node[Rule]] = []
            for node in nodes:
                if node.open:
                    found += node.open
                child = node.literal.get(segment)
                if child is not None:
                    following.append(child)
                if node.any_segment is not None:
                    following.append(node.any_segment)
            nodes = following
            if not nodes:
                break
        for node in nodes:
            found += node.open
            found += node.ending
        if len(found) > 1:
            found.sort(key=_position)
        return found


def _is_reached(node: _Node[Any], segments: list[str], index: int, count: int) -> bool:
    while not node.open:
        if index == count:
            return bool(node.ending)
        child = node.literal.get(segments[index])
        other = node.any_segment
        index += 1
        if child is None:
            if other is None:
                return False
            node = other
        elif other is None:
            node = child
        elif _is_reached(child, segments, index, count):
            return True
        else:
            node = other
    return True


def _position(entry: tuple[int, object]) -> int:
    return entry[0]
