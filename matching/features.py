"""Profiles to arrays of whole numbers whose inner product is the units of the challenges and text parts.

The arrays hold integers in float32: every partial sum stays below 2**24, where float32 is exact, so the product is the
same on every machine, thread count and block size.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import isqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.profiles import FULL_SCORE, PARTS, InputError, Mentee, Mentor, Weights

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Key = TypeVar("Key", bound=Hashable)

COVERAGE = (0, 11, 16, 20)  # of 20: what a mentor's strength 0..3 in an area covers of the mentee's need
QUANTUM = COVERAGE[-1]


def limits(weights: Weights, with_text: bool) -> dict[str, int]:
    """Units each part can give; whole quanta that add up to FULL_SCORE. Without texts, challenges takes their share."""
    points = weights.as_dict()
    if not with_text:
        points["challenges"], points["text"] = points["challenges"] + points["text"], 0
    quanta = apportion([points[part] for part in PARTS], FULL_SCORE // QUANTUM)
    return {part: QUANTUM * share for part, share in zip(PARTS, quanta, strict=True)}


def apportion(shares: Sequence[float], whole: int) -> list[int]:
    """`whole` split in proportion to `shares`, by largest remainder; ties to the first."""
    exact = [share * whole / sum(shares) for share in shares]
    result = [int(share) for share in exact]
    by_remainder = sorted(range(len(shares)), key=lambda k: (result[k] - exact[k], k))
    for k in by_remainder[: whole - sum(result)]:
        result[k] += 1
    return result


def areas(mentees: Sequence[Mentee], mentors: Sequence[Mentor], limit: int) -> tuple[Floats, Floats]:
    """(n, k + 1) and (m, k + 1): a mentee's units per area, and what a mentor covers of each.

    Asymmetric: what a mentor has been through beyond the mentee's needs neither helps nor hurts. The last column gives
    a mentee without areas half of the limit with everyone.
    """
    codes = sorted({code for mentee in mentees for code in mentee.areas})
    column = {code: k for k, code in enumerate(codes)}
    left = np.zeros((len(mentees), len(codes) + 1), np.float32)
    right = np.zeros((len(mentors), len(codes) + 1), np.float32)
    for row, mentee in enumerate(mentees):
        needs = sorted(mentee.areas.items())
        if needs:
            shares = apportion([weight for _, weight in needs], limit // QUANTUM)
            left[row, [column[code] for code, _ in needs]] = shares
        else:
            left[row, -1] = limit // 2
    for row, mentor in enumerate(mentors):
        for code, strength in mentor.areas.items():
            if code in column:
                right[row, column[code]] = COVERAGE[strength]
    right[:, -1] = 1
    return left, right


def texts(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], vectors: Mapping[str, Sequence[float]], limit: int
) -> tuple[Floats, Floats]:
    """(n, d + 1) and (m, d + 1): half of the limit times (1 + cosine). Where one side has no text that is half."""
    width = {len(vector) for vector in vectors.values()}
    if len(width) > 1:
        raise InputError(f"texts: the vectors have different lengths, {sorted(width)}")
    size = width.pop() if width else 0
    scale = max(isqrt(limit // 2), 1)
    left = np.zeros((len(mentees), size + 1), np.float32)
    right = np.zeros((len(mentors), size + 1), np.float32)
    for row, mentee in enumerate(mentees):
        left[row, :size] = np.trunc(scale * _unit(mentee.id, vectors, size))
    for row, mentor in enumerate(mentors):
        right[row, :size] = np.trunc(limit // 2 // scale * _unit(mentor.id, vectors, size))
    left[:, -1], right[:, -1] = limit // 2, 1
    return left, right


def _unit(person: str, vectors: Mapping[str, Sequence[float]], size: int) -> NDArray[np.float64]:
    """The vector at length 1, or zeros for somebody without a text."""
    vector = np.asarray(vectors.get(person, np.zeros(size)), dtype=float)
    if not np.isfinite(vector).all():
        raise InputError(f"texts: the vector of {person} holds a value that is no number")
    length = float(np.sqrt(vector @ vector))
    return vector / length if length > 0 else vector


def classes(keys: Sequence[Key]) -> tuple[list[Key], Indices]:
    """The distinct keys in order of appearance, and which of them each row has."""
    number: dict[Key, int] = {}
    index = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.intp)
    return list(number), index
