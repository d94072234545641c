"""What happened in the demonstration's past, in the order in which it happened."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

Step = Callable[[datetime], object]


class Timeline:
    """Steps to be taken at moments; a step may plan later ones. Everything up to now is then lived through."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._steps: list[tuple[datetime, int, Step]] = []
        self._order = count()

    def plan(self, at: datetime, step: Step) -> None:
        """Let `step` happen at `at`, unless that is still ahead."""
        if at <= self.now:
            heapq.heappush(self._steps, (at, next(self._order), step))

    def run(self) -> None:
        while self._steps:
            at, _, step = heapq.heappop(self._steps)
            step(at)
