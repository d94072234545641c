"""A key for each person: what they write is sealed with it, and destroying it is forgetting what they wrote."""

from typing import Any

from sqlalchemy.orm import scoped_session

from portal.keys import destroying, sealing
from portal.keys.columns import (
    SealedBytes,
    every_sealed_column,
    sealed_column,
    sealed_json,
    sealed_list,
    sealed_text,
)
from portal.keys.destroying import before_destroying, destroy, on_replay, replay
from portal.keys.models import PersonKey
from portal.keys.rotation import faults, rotate, unknown_masters, wrapped_by
from portal.keys.sealing import (
    Destroyed,
    Unreadable,
    blind,
    blind_if_known,
    load,
    open,
    open_bytes,
    provide,
    seal,
    take_in,
)

__all__ = [
    "Destroyed",
    "PersonKey",
    "SealedBytes",
    "Unreadable",
    "before_destroying",
    "blind",
    "blind_if_known",
    "destroy",
    "every_sealed_column",
    "faults",
    "load",
    "on_replay",
    "open",
    "open_bytes",
    "provide",
    "register",
    "replay",
    "rotate",
    "seal",
    "sealed_column",
    "sealed_json",
    "sealed_list",
    "sealed_text",
    "take_in",
    "unknown_masters",
    "wrapped_by",
]


def register(session: scoped_session[Any]) -> None:
    """Tie the opened keys and the erasures to this session's transactions."""
    sealing.register(session)
    destroying.register(session)
