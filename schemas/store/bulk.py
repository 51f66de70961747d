"""Many rows at once: keys in manageable numbers, objects without the garbage collector between them."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final, TypeVar

CHUNK: Final = 500
"""Keys in one ``IN``, offers in one batch."""

T = TypeVar("T")


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """``values`` in lists of at most ``size``.

    >>> list(chunks("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


@contextmanager
def uncollected() -> Iterator[None]:
    """Lets the garbage collector rest while many objects are made that all stay.

    It would look through them again and again meanwhile, which takes longer than to read them from the database.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
