"""Entropic prices (Sinkhorn's iteration; Cuturi 2013): a guess at what a place with each mentor is worth.

They only steer where the exact solver looks first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.blocks import Block
from matching.shortlists import Indices, Lists

# Units: how sharply the prices tell good from best, sharper in turn; first on a sample, then on the lists.
SAMPLE_WARMTHS, WARMTHS, TURNS = (4000.0, 2000.0, 1000.0), (1000.0, 500.0, 250.0), 10
Prices = NDArray[np.float64]


def sampled_prices(block: Block, rows: int, capacity: Indices) -> Prices:
    """Entropic prices from every so-manieth row: 500, or one for 40 mentors. einsum, not BLAS: the same on every number of threads."""
    step = max(1, rows // max(500, len(capacity) // 40))
    picked = np.concatenate([block(at, at + 1) for at in range(0, rows, step)])
    mass, price = rows / len(picked), np.zeros(len(capacity))
    for warmth in SAMPLE_WARMTHS:
        pull = _pull(picked, price, warmth)
        lift = np.ones(len(capacity), np.float32)
        for _ in range(TURNS):
            share = mass / np.maximum(np.einsum("ij,j->i", pull, lift), 1e-30, dtype=np.float32)
            load = lift * np.einsum("i,ij->j", share.astype(np.float32), pull)
            change = _change(load, capacity, rows, price - warmth * np.log(lift), warmth)
            lift = (lift * np.exp(-change)).astype(np.float32)
        price = price - warmth * np.log(np.clip(lift, 1e-30, 1e30))
    return _from_zero(price, capacity)


def _pull(scores: NDArray[np.int32], price: Prices, warmth: float) -> NDArray[np.float32]:
    value = scores.astype(np.float32) - price.astype(np.float32)
    value -= value.max(axis=1, keepdims=True)
    value /= np.float32(warmth)
    pull = np.exp(value, out=value)
    pull[scores < 0] = 0
    return pull


def sharpened(lists: Lists, capacity: Indices, price: Prices) -> Prices:
    """Entropic prices again, on the lists alone, ever less warm."""
    if not len(lists.row):
        return price
    starts = np.flatnonzero(np.r_[True, lists.row[1:] != lists.row[:-1]])
    of_list = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(lists.row)]))
    for warmth in WARMTHS:
        for _ in range(TURNS):
            value = ((lists.score - price[lists.column]) / warmth).astype(np.float32)
            pull = np.exp(value - np.maximum.reduceat(value, starts)[of_list])
            pull /= np.add.reduceat(pull, starts)[of_list]
            load = np.bincount(lists.column, pull, len(capacity))
            price = price + warmth * _change(load, capacity, len(starts), price, warmth)
    return _from_zero(price, capacity)


def _change(load: NDArray[Any], capacity: Indices, rows: int, price: Prices, warmth: float) -> Prices:
    """(m,) how many warmths each price rises: by what is asked for beside what there is, places that stay free included."""
    spare = int(capacity.sum()) - rows
    if spare > 0:
        left = capacity * np.exp(np.maximum((price[capacity > 0].min() - price) / warmth, -80))
        load = load + spare * left / left.sum()
    return np.where(capacity > 0, np.log(np.maximum(load / np.maximum(capacity, 1), 0.2)), 0)


def _from_zero(price: Prices, capacity: Indices) -> Prices:
    """Shifted so that the cheapest place costs nothing."""
    open_ = capacity > 0
    least = price[open_].min() if open_.any() else 0.0
    return np.where(open_, price - least, 0.0)
