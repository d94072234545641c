"""Random rounds of every shape: unbalanced, full, closed mentors, forbidden rows, nothing but ties, sums of two sides."""

import numpy as np

Shape = tuple[np.ndarray, np.ndarray, np.ndarray]


def shape(seed: int, most: int = 160) -> Shape:
    """(n, m) units, (n, m) which pairs are legal, (m,) capacity."""
    draw = np.random.default_rng(seed)
    rows, columns = (int(number) for number in draw.integers(1, [40, 40, most][seed % 3], 2))
    units = draw.integers(0, [1, 30, 100_001][seed // 3 % 3], (rows, columns))
    if seed % 7 == 0:  # a sum of two sides: every assignment of the same people is worth the same
        units = np.add.outer(draw.integers(0, 100, rows), draw.integers(0, 100, columns))
    capacity = draw.integers(0, [2, 4, 9][seed // 9 % 3], columns).astype(np.intp)
    legal = draw.random((rows, columns)) < draw.choice([0.05, 0.5, 1.0])
    if seed % 5 == 0:  # some whom nobody may have
        legal[draw.random(rows) < 0.3] = False
    return units, legal & (capacity > 0), capacity
