"""Which edges of a graph stand on a cycle. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

NodeT = TypeVar("NodeT", bound=Hashable)


def cyclic_edges(edges: Iterable[tuple[NodeT, NodeT]]) -> set[tuple[NodeT, NodeT]]:
    """The edges whose two ends can each be reached from the other.

    By strongly connected components (R. Tarjan, "Depth-first search and linear graph algorithms", 1972), without
    recursion: a chain of any length fits. Time and memory grow with the number of edges.
    """
    given = list(edges)
    following: dict[NodeT, list[NodeT]] = {}
    for near, far in given:
        following.setdefault(near, []).append(far)
        following.setdefault(far, [])
    component = _components(following)
    return {(near, far) for near, far in given if component[near] == component[far]}


def _components(following: dict[NodeT, list[NodeT]]) -> dict[NodeT, int]:
    found: dict[NodeT, int] = {}
    order: dict[NodeT, int] = {}
    low: dict[NodeT, int] = {}
    stack: list[NodeT] = []
    for root, children in following.items():
        if root in order:
            continue
        walk = [(root, iter(children))]
        order[root] = low[root] = len(order)
        stack.append(root)
        while walk:
            node, rest = walk[-1]
            child = next(rest, None)
            if child is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == order[node]:
                    _close(node, stack, found)
            elif child not in order:
                order[child] = low[child] = len(order)
                stack.append(child)
                walk.append((child, iter(following[child])))
            elif child not in found:
                low[node] = min(low[node], order[child])
    return found


def _close(root: NodeT, stack: list[NodeT], found: dict[NodeT, int]) -> None:
    number = len(found)
    while True:
        node = stack.pop()
        found[node] = number
        if node == root:
            return
