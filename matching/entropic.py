"""Entropic prices (Sinkhorn's iteration; Cuturi 2013): a guess at what a place with each mentor is worth.

They only steer where the exact solver looks first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching.shortlists import Block, Indices, Lists

WARMTHS = (500.0, 250.0, 120.0)  # units: how sharply the prices tell good from best, sharper in turn


def sampled_prices(
    block: Block, rows: int, capacity: Indices, sample: int = 500, warmth: float = 1000.0
) -> NDArray[np.float64]:
    """Entropic prices from every so-manieth row. einsum, not BLAS: the same on every number of threads."""
    step = max(1, rows // sample)
    picked = np.concatenate([block(at, at + 1) for at in range(0, rows, step)])
    top = picked.max(axis=1, initial=0, keepdims=True)
    with np.errstate(over="ignore"):
        kernel = np.where(picked < 0, 0, np.exp((picked - top) / warmth)).astype(np.float32)
    places = capacity.astype(np.float32)
    spare, mass = max(int(capacity.sum()) - rows, 0), np.float32(rows / len(picked))
    pull = np.ones(len(places), np.float32)
    for _ in range(30):
        share = mass / np.maximum(np.einsum("ij,j->i", kernel, pull), 1e-30)
        load = np.einsum("i,ij->j", share, kernel) + spare / max(float(pull.sum()), 1e-30)
        pull = np.where(places > 0, places / np.maximum(load, 1e-30), 0).astype(np.float32)
    return _from_zero(-warmth * np.log(np.clip(pull, 1e-30, 1e30)), capacity)


def sharpened(lists: Lists, capacity: Indices, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropic prices again, on the lists alone, ever less warm."""
    if not len(lists.row):
        return price
    starts = np.flatnonzero(np.r_[True, lists.row[1:] != lists.row[:-1]])
    of_list = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(lists.row)]))
    open_ = capacity > 0
    spare = max(int(capacity.sum()) - len(starts), 0)
    for warmth in WARMTHS:
        for _ in range(15):
            value = (lists.score - price[lists.column]) / warmth
            pull = np.exp(value - np.maximum.reduceat(value, starts)[of_list])
            pull /= np.add.reduceat(pull, starts)[of_list]
            load = np.bincount(lists.column, pull, len(capacity))
            if spare:
                left = capacity * np.exp(-(price - price[open_].min()) / warmth)
                load += spare * left / left.sum()
            price = price + np.where(
                open_, warmth * np.log(np.maximum(load, 1e-3) / np.maximum(capacity, 1)), 0
            )
    return _from_zero(price, capacity)


def _from_zero(price: NDArray[np.floating], capacity: Indices) -> NDArray[np.float64]:
    """Shifted so that the cheapest place costs nothing."""
    open_ = capacity > 0
    least = price[open_].min() if open_.any() else 0.0
    return np.where(open_, price - least, 0.0)
