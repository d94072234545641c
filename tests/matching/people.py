"""Invented rounds for the matching tests: Astrid, Berit and Cato can be mentors; Dina, Egil and Frode look for one."""

import random

from matching import Mentee, Mentor, Mode, Wishes, municipalities

AREAS = ["mayor", "council", "room_to_act", "economy", "crisis", "media", "reform", "staff"]
RINGERIKE, HOLE, LILLEHAMMER, GAUSDAL, LIERNE, OSLO = "3305", "3310", "3405", "3441", "5042", "0301"


def round_of(seed: int, mentees: int, mentors: int, most: int = 2) -> tuple[list[Mentor], list[Mentee]]:
    """A random round over all of Norway's municipalities and counties."""
    draw = random.Random(seed)
    numbers = list(municipalities())
    return (
        [_mentor(draw, f"mentor-{k:04}", numbers, most) for k in range(mentors)],
        [_mentee(draw, f"mentee-{k:04}", numbers) for k in range(mentees)],
    )


def _mentor(draw: random.Random, id_: str, numbers: list[str], most: int) -> Mentor:
    return Mentor(
        id_,
        draw.choice(numbers),
        areas={area: draw.randint(1, 3) for area in draw.sample(AREAS, draw.randint(0, 5))},
        capacity=draw.randint(0, most),
        paused=draw.random() < 0.1,
        years=draw.choice([None, *range(2, 30)]),
        modes=frozenset(draw.sample(list(Mode), draw.randint(1, 2))),
        retired=draw.random() < 0.2,
        avoid_neighbours=draw.random() < 0.2,
    )


def _mentee(draw: random.Random, id_: str, numbers: list[str]) -> Mentee:
    return Mentee(
        id_,
        draw.choice(numbers),
        areas={area: draw.randint(1, 3) for area in draw.sample(AREAS, draw.randint(0, 4))},
        years=draw.choice([None, *range(15)]),
        modes=frozenset(draw.sample(list(Mode), draw.randint(1, 2))),
        wishes=Wishes(
            other_county=draw.random() < 0.3,
            larger=draw.random() < 0.2,
            retired=draw.random() < 0.1,
            years=draw.choice([None, None, 5, 10]),
        ),
        avoid_neighbours=draw.random() < 0.3,
    )
