"""A large round, a block of rows at a time: a block stays in a core's own cache, and the cores share the blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

# Rows start..stop against all columns, as whole units; below 0 where ruled out. Asked for from several threads.
Block: TypeAlias = Callable[[int, int], NDArray[np.int32]]
Result = TypeVar("Result")

CELLS = 1 << 18  # pairs in a block: 1 MiB


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def height(columns: int, cells: int | None = None) -> int:
    """Rows in a block."""
    return max(16, (cells or CELLS) // max(columns, 1))


def in_blocks(
    rows: int,
    columns: int,
    work: Callable[[int, int], Result],
    threads: int | None = None,
    cells: int | None = None,
) -> Iterator[Result]:
    """`work(start, stop)` for every block, in the order of the rows whoever was first."""
    step = height(columns, cells)
    starts = range(0, rows, step)
    with _one_blas_thread(), ThreadPoolExecutor(threads or cores()) as pool:
        yield from pool.map(work, starts, (min(start + step, rows) for start in starts))


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """The cores are shared out by block; more threads inside a product would only get in the way."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # the library has no types
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield
