"""The same score written the obvious way in numpy float32: every part over every pair. Set-up is not counted."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from matching import Mentee, Mentor, Mode, municipalities
from matching.features import COVERAGE


def plain_scores(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], texts: Mapping[str, Sequence[float]]
) -> Callable[[], np.ndarray]:
    known = municipalities()
    codes = sorted({code for mentee in mentees for code in mentee.areas})

    def column(people: Sequence[Mentee] | Sequence[Mentor], value: Callable[[object], float]) -> np.ndarray:
        return np.array([value(known[person.municipality]) or 0 for person in people], np.float32)

    def both(value: Callable[..., float]) -> tuple[np.ndarray, np.ndarray]:
        return column(mentees, value)[:, None], column(mentors, value)[None, :]

    needs = np.array([[mentee.areas.get(code, 0) for code in codes] for mentee in mentees], np.float32)
    needs /= np.maximum(needs.sum(axis=1, keepdims=True), 1)
    covers = np.array([[COVERAGE[m.areas.get(code, 0)] for code in codes] for m in mentors], np.float32) / 20
    log = both(lambda place: float(np.log(place.population)))
    likenesses = [
        (2, 400.0, both(lambda place: place.centrality_index)),
        (2, 4.0, both(lambda place: place.growth)),
        (2, 8.0, both(lambda place: place.young_share)),
        (2, 6.0, both(lambda place: place.old_share)),
        (2, 17.0, both(lambda place: place.kostra_group)),
    ]
    latitude = both(lambda place: float(np.radians(place.latitude)))
    longitude = both(lambda place: float(np.radians(place.longitude)))
    own = np.array([mentee.years or 0 for mentee in mentees], np.float32)[:, None]
    theirs = np.array([mentor.years or 0 for mentor in mentors], np.float32)[None, :]
    digital = [
        np.array([Mode.DIGITAL in p.modes for p in people], np.float32) for people in (mentees, mentors)
    ]

    text = [np.array([texts[p.id] for p in people], np.float32) for people in (mentees, mentors)]
    for vectors in text:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def run() -> np.ndarray:
        total = 35 * (needs @ covers.T)
        total += 2.5 * (1 + text[0] @ text[1].T)
        gap = log[1] - log[0] - np.float32(0.22)
        total += 17 * np.exp(-0.5 * (gap / np.where(gap < 0, np.float32(0.6), np.float32(0.9))) ** 2)
        for weight, reach, (left, right) in likenesses:
            total += (
                np.float32(0.8 * weight) / 2 * np.maximum(0, 1 - np.abs(right - left) / np.float32(reach))
            )
        half = np.sin((latitude[1] - latitude[0]) / 2) ** 2
        half += np.cos(latitude[0]) * np.cos(latitude[1]) * np.sin((longitude[1] - longitude[0]) / 2) ** 2
        far = np.float32(12742) * np.arcsin(np.sqrt(np.minimum(half, 1)))
        total += 4 * np.exp(-far / 200) + 4 * (digital[0][:, None] * digital[1][None, :])
        total += 7.5 * np.clip((theirs - own) / 8, 0, 1) + 7.5 * np.minimum(theirs / 12, 1)
        return total

    return run
