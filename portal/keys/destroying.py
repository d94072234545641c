"""Destroying a person's key, and doing again after a restore what had been done before it."""

from collections.abc import Callable
from datetime import datetime

from portal.keys.sealing import mark_destroyed

Replay = Callable[[int, datetime], None]
_REPLAYS: list[Replay] = []


def destroy(user_id: int, now: datetime) -> None:
    """Make everything that the person's key has sealed unreadable for ever. Harmless to repeat."""
    mark_destroyed(user_id, now)


def on_replay(erase: Replay) -> Replay:
    """Have `erase(user_id, now)` called for everyone who was erased after the backup that is being restored."""
    _REPLAYS.append(erase)
    return erase
