"""The walk while nobody looks: most graphs have neither hooks nor custom Functions, and are walked to their end in here.

The engine counts beforehand how many gradients each node has to wait for.  The order in which ops run does not need that: a
node is newer than all that its edges lead to, so of those that got a gradient, the newest has got them all.  The count is for
leaves, which are served as soon as they are ready; but only a user's code that runs during the walk can see that, or one who
catches an error.  So here leaves are served at the end; before a user's code would run, what is left is counted, and
the engine goes on from there.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush, heappushpop
from typing import Any

import numpy as np

from .node import LAST, Edge, Nowhere

SMALL = 1024  # elements; a larger gradient for a leaf that has one does not wait for the end of the walk


def walk_unseen(walk: Any, roots: Sequence, grads: Sequence) -> bool:
    """Walk from the roots on bare arrays, to the end if possible; False if the engine is to go on."""
    ready, sums = walk.ready, walk.sums
    edges: Sequence | None = None
    for edge, grad in zip(roots, grads, strict=True):
        node = edge.node if edge.__class__ is Edge else edge
        if node.seq is LAST:
            if node.hooks is not None:
                edges = roots
        elif node not in sums:
            heappush(ready, (-node.seq, node))
        walk._arrive(edge, grad._data)
    if edges is None:
        try:
            edges = _go(walk, sums, ready)
        except BaseException:
            _hand_over(walk, ())
            raise
    if edges is None:
        walk.leaves.extend(sums)
        walk.serve()
        return True
    _hand_over(walk, edges)
    return False


def _go(walk: Any, sums: dict, ready: list) -> tuple | None:
    """Run nodes until none is left (None), or until somebody looks: the edges of the last one that ran, if it is about these."""
    keep_graph, add, ndarray = walk.keep_graph, walk._add, np.ndarray
    target: Any
    following: Any = None  # a node with its first gradient; most often the next, which spares the heap
    seen = False
    try:
        while True:
            if following is None:
                if not ready:
                    return None
                node = heappop(ready)[1]
            elif ready and ready[0][0] < -following.seq:
                node = heappushpop(ready, (-following.seq, following))[1]
            else:
                node = following
            if node.hooks is not None or node.foreign:
                heappush(ready, (-node.seq, node))
                return ()
            following = None
            grads = node.vjp(sums.pop(node), False)
            edges, nr = node.edges, -1
            for edge in edges:  # counted by hand, as in the engine
                nr += 1
                if edge is None:
                    continue
                g = grads[nr]
                if g is None:  # what the edge leads to will run all the same
                    seen = True
                    if edge.__class__ is Edge or edge.seq is not LAST:
                        target = edge.node if edge.__class__ is Edge else edge
                        heappush(ready, (-target.seq, target))
                    continue
                if type(g) is not ndarray or g.dtype is not edge.dtype or g.shape != edge.shape:
                    g = walk._fit(node, g, edge)
                if type(edge) is Edge:
                    target = edge.node
                    slots = sums.get(target)
                    if slots is not None:
                        if slots[edge.nr] is None:
                            slots[edge.nr] = g
                        else:
                            walk._arrive(edge, g)
                        continue
                    slots = sums[target] = [None] * len(target.shape)
                    slots[edge.nr] = g
                elif edge in sums:
                    sums[edge] = add(edge, sums.pop(edge), g)
                    continue
                else:
                    target = edge
                    sums[edge] = g
                if target.seq is LAST:
                    if type(target) is not Nowhere and (
                        target.hooks is not None or (target.grad is not None and g.size >= SMALL)
                    ):
                        seen = True
                elif following is None:
                    following = target
                else:
                    heappush(ready, (-target.seq, target))
            grads = g = None
            if not keep_graph and node.saved is not None:
                node.release()
            if seen:
                if following is not None:
                    heappush(ready, (-following.seq, following))
                return edges
    except BaseException:
        heappush(ready, (-node.seq, node))
        raise


def _hand_over(walk: Any, edges: Sequence) -> None:
    """Count what the nodes that are left wait for, and serve the leaves that wait for nothing any more.

    edges: those of the node that has just run; the leaves there are left to the engine, as the order in which they are served may be seen.
    """
    ready, leaves, deps = walk.ready, walk.leaves, walk.deps
    nodes = list({node: None for _, node in ready})
    walk.count(nodes)
    ready[:] = [(-node.seq, node) for node in nodes if not deps[node]]
    heapify(ready)
    done = [leaf for leaf in walk.sums if leaf.seq is LAST and deps.setdefault(leaf, 0) == 0]
    leaves.extend(leaf for leaf in done if leaf not in edges)
    walk.serve()
    leaves.extend(leaf for leaf in done if leaf in edges)
    if len(leaves) > 2:
        walk._line_up(edges, None)
