"""Weights from answers: what people said yes and no to, shrunk towards the experts' weights.

An answer is a yes or no to a pair with known parts. The chance of a yes is modelled as

    logit P(yes) = level + sum over parts of slope[part] * share[part]        share = units / limit, 0..1

with the experts' weights as the mean of a normal prior on the slopes: slope0 = STEEPNESS * weight / 100. The estimate is the
posterior mode, found by Newton's method (scikit-learn's logistic regression has no prior mean), with slopes kept at zero or more
by an active set.

How far the experts can be off is not known beforehand: each prior of SLOPE_SPREADS x LEVEL_SPREADS gives a mode, and the modes
are averaged by the evidence for each (Laplace's approximation). As long as the answers agree with the experts, the narrow priors
hold the weights; when they don't, the wide ones take over. With no answers the result is the experts' weights.
The intervals take nothing on trust: they are those of a prior under which the experts can be off by all of a slope (UNSURE), by the
curvature at its mode, so they are wide as long as the answers are few. The result is a proposal to the secretariat, never applied by itself.

Sources: MAP estimate of a Bayesian logistic regression and the evidence of a model (MacKay 2003, ch. 28 and 41); averaging over
models (Hoeting et al. 1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.findings import Part
from matching.profiles import DEFAULT, PARTS, InputError, Weights

STEEPNESS = 8.0  # log odds between a pair of 0 and one of 100 points
LEVEL_SPREADS = (0.05, 0.15, 0.5)  # log odds: how unsure we may be of how ready people are to say yes
SLOPE_SPREADS = (0.03, 0.1, 0.3)  # of each slope itself: how far off the experts may be
UNSURE = (1.0, 0.7)  # the spreads behind the intervals
SMALLEST_SLOPE = 0.4  # log odds: a weight below 5 points is as unsure as one of 5
ANSWER, SATISFACTION = 1.0, 3.0  # what an answer counts, and what a later verdict on the mentorship does
STEPS = 50
NINETY = 1.645  # standard deviations on each side of a 90 % interval

Vector = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Answer:
    """A yes or no to a pair, with its parts as they were shown. `counts` is ANSWER or SATISFACTION."""

    parts: tuple[Part, ...]
    yes: bool
    counts: float = ANSWER


@dataclass(frozen=True, slots=True)
class Interval:
    """A weight in points of 100 and its 90 % interval."""

    weight: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Learned:
    """Proposed weights, and how sure they are; `answers` is the number they rest on."""

    weights: Weights
    intervals: Mapping[str, Interval]
    level: float
    slopes: Mapping[str, float]
    answers: int

    def chance(self, parts: Iterable[Part]) -> float:
        """The modelled chance of a yes to a pair with these parts, 0..1."""
        return float(_chance(self.level + sum(self.slopes[part.name] * _share(part) for part in parts)))


def learn(answers: Iterable[Answer], prior: Weights = DEFAULT) -> Learned:
    """Weights that fit the answers, shrunk to `prior`. Raises InputError where a part is missing or a count is none."""
    answers = tuple(answers)
    priors = [(slope, level) for slope in SLOPE_SPREADS for level in LEVEL_SPREADS]
    posteriors = [Posterior.of(answers, prior, *spreads) for spreads in priors]
    modes = np.array([posterior.mode() for posterior in posteriors])
    evidence = np.array([posterior.evidence(mode) for posterior, mode in zip(posteriors, modes, strict=True)])
    share = np.exp(evidence - evidence.max())
    share /= share.sum()
    wide = Posterior.of(answers, prior, *UNSURE)
    return _learned(share @ modes, wide, len(answers))


class Posterior(NamedTuple):
    """What is known of (level, seven slopes) after k answers; the prior is normal with this mean and precision."""

    shares: Vector  # (k, 8), the first column ones
    yes: Vector
    counts: Vector
    mean: Vector
    precision: Vector

    @classmethod
    def of(
        cls, answers: Sequence[Answer], prior: Weights, slope_spread: float, level_spread: float
    ) -> Posterior:
        points = np.array(list(prior.as_dict().values()))
        if not all(0 < answer.counts < float("inf") for answer in answers):
            raise InputError("learning: an answer must count for more than nothing")
        slopes = STEEPNESS * points / points.sum()
        spread = np.r_[level_spread, slope_spread * np.maximum(slopes, SMALLEST_SLOPE)]
        return cls(
            shares=np.array([[1.0, *_shares(answer)] for answer in answers]).reshape(-1, len(PARTS) + 1),
            yes=np.array([float(answer.yes) for answer in answers]),
            counts=np.array([answer.counts for answer in answers]),
            mean=np.concatenate([[-STEEPNESS / 2], slopes]),
            precision=1 / spread**2,
        )

    def cost(self, at: Vector) -> float:
        """Minus the log posterior, up to a constant."""
        logit = self.shares @ at
        loss = np.logaddexp(0, logit) - self.yes * logit
        return float(self.counts @ loss + 0.5 * self.precision @ (at - self.mean) ** 2)

    def gradient(self, at: Vector) -> Vector:
        off = self.counts * (_chance(self.shares @ at) - self.yes)
        return np.asarray(self.shares.T @ off + self.precision * (at - self.mean))

    def curvature(self, at: Vector) -> Vector:
        chance = _chance(self.shares @ at)
        return np.asarray(
            (self.shares.T * (self.counts * chance * (1 - chance))) @ self.shares + np.diag(self.precision)
        )

    def evidence(self, mode: Vector) -> float:
        """The log of how likely the answers were under this prior, by Laplace's approximation, up to a constant."""
        _, size = np.linalg.slogdet(self.curvature(mode))
        return float(0.5 * np.log(self.precision).sum() - self.cost(mode) - 0.5 * size)

    def mode(self) -> Vector:
        """Newton's method; a slope that is zero and wants below is held there."""
        found = self.mean.copy()
        for _ in range(STEPS):
            gradient, curvature = self.gradient(found), self.curvature(found)
            moving = (found > 0) | (gradient < 0)
            moving[0] = True
            step = np.zeros_like(found)
            step[moving] = np.linalg.solve(curvature[np.ix_(moving, moving)], gradient[moving])
            found, moved = self._downhill(found, step)
            if not moved:
                break
        return found

    def _downhill(self, found: Vector, step: Vector) -> tuple[Vector, bool]:
        """The longest halved step that lowers the cost by anything that shows."""
        now = self.cost(found)
        for halving in range(30):
            new = found - step / 2**halving
            new[1:] = np.maximum(new[1:], 0)
            if self.cost(new) < now - 1e-12 * (1 + abs(now)):
                return new, True
        return found, False


def _learned(mean: Vector, wide: Posterior, answers: int) -> Learned:
    slopes = np.maximum(mean[1:], 0)
    per_point = 100 / slopes.sum() if slopes.sum() > 0 else 0.0
    weights = [round(float(slope * per_point), 2) for slope in slopes]
    low, high = _interval(wide)
    return Learned(
        weights=Weights(**dict(zip(PARTS, weights, strict=True))) if per_point else DEFAULT,
        intervals={
            part: Interval(
                weight, min(weight, round(float(low[k]), 2)), max(weight, round(float(high[k]), 2))
            )
            for k, (part, weight) in enumerate(zip(PARTS, weights, strict=True))
        },
        level=float(mean[0]),
        slopes=dict(zip(PARTS, slopes.tolist(), strict=True)),
        answers=answers,
    )


def _interval(posterior: Posterior) -> tuple[Vector, Vector]:
    """Of each slope's share of them all, in points of 100: the curvature carried over by the share's derivative."""
    mode = posterior.mode()
    slopes = np.maximum(mode[1:], 1e-9)
    share = slopes / slopes.sum()
    derivative = (np.eye(len(PARTS)) - share[:, None]) / slopes.sum()
    covariance = derivative @ np.linalg.inv(posterior.curvature(mode))[1:, 1:] @ derivative.T
    spread = NINETY * np.sqrt(np.diag(covariance))
    return 100 * np.maximum(share - spread, 0), 100 * np.minimum(share + spread, 1)


def _shares(answer: Answer) -> list[float]:
    known = {part.name: _share(part) for part in answer.parts}
    if set(known) != set(PARTS):
        raise InputError(f"learning: an answer has the parts {sorted(known)}, and must have {sorted(PARTS)}")
    return [known[name] for name in PARTS]


def _share(part: Part) -> float:
    return part.units / part.of if part.of else 0.0


def _chance(logit: Vector | float) -> Vector:
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(logit) / 2)))
