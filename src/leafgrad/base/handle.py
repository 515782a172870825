"""Ordered tables of hooks, and the handles that remove an entry."""

import itertools
import weakref
from collections.abc import Callable

_ids = itertools.count().__next__


class Table(dict[int, Callable]):
    """Hooks in the order in which they were registered.  (A dict that can be referred to weakly.)"""

    __slots__ = ("__weakref__",)


class RemovableHandle:
    """Returned by the `register_*` methods; `remove()` takes the hook away, and so does leaving a `with` block.

    It refers to the table weakly, so that a hook which closes over its own handle makes no reference cycle.

    >>> hooks = Table()
    >>> handle = RemovableHandle(hooks, print)
    >>> handle.remove(); hooks
    {}
    """

    __slots__ = ("__weakref__", "id", "table")

    def __init__(self, table: Table, hook: Callable) -> None:
        self.id = _ids()
        self.table = weakref.ref(table)
        table[self.id] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        table = self.table()
        if table is not None:
            table.pop(self.id, None)

    def __enter__(self) -> "RemovableHandle":
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
