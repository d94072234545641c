"""Simulated worlds for learning: what people truly care for differs from what the experts think by a known spread."""

import numpy as np

from matching import DEFAULT, PARTS, Part, learning
from matching.learning import Answer, Learned, learn

WORLDS = [(0.3, 0.5), (0.5, 1.0), (1.0, 0.3)]  # spread of the slopes (log), spread of the level (log odds)
PRIOR = learning.STEEPNESS * np.array(list(DEFAULT.as_dict().values())) / 100


def answer(shares: np.ndarray, yes: bool, counts: float = 1.0) -> Answer:
    parts = tuple(Part(name, int(share * 1000), 1000) for name, share in zip(PARTS, shares, strict=True))
    return Answer(parts, yes, counts)


def world(seed: int, spread: float, level: float, answers: int) -> tuple[float, float]:
    """What the learned model and the prior lose on new pairs where the experts are off by `spread` (Kullback-Leibler)."""
    draw = np.random.default_rng(seed)
    truth = np.r_[-learning.STEEPNESS / 2 + draw.normal(0, level), PRIOR * np.exp(draw.normal(0, spread, 7))]
    shown = draw.beta(2, 1.5, (answers, 7))
    yes = draw.random(answers) < chance(truth, shown)
    learned = learn([answer(*one) for one in zip(shown, yes.tolist(), strict=True)])
    new = draw.beta(2, 1.5, (1000, 7))
    found, prior = as_vector(learned), np.r_[-learning.STEEPNESS / 2, PRIOR]
    return divergence(chance(truth, new), chance(found, new)), divergence(
        chance(truth, new), chance(prior, new)
    )


def as_vector(learned: Learned) -> np.ndarray:
    return np.array([learned.level, *learned.slopes.values()])


def chance(model: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-(model[0] + shares @ model[1:]))))


def divergence(truth: np.ndarray, found: np.ndarray) -> float:
    return float(np.mean(truth * np.log(truth / found) + (1 - truth) * np.log((1 - truth) / (1 - found))))
