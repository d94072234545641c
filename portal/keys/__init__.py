"""A key for each person: what they write is sealed with it, and destroying it is forgetting what they wrote."""

from portal.keys.destroying import destroy, on_replay
from portal.keys.models import PersonKey
from portal.keys.sealing import Destroyed, Unreadable, blind, load, open, open_bytes, register, seal

__all__ = [
    "Destroyed",
    "PersonKey",
    "Unreadable",
    "blind",
    "destroy",
    "load",
    "on_replay",
    "open",
    "open_bytes",
    "register",
    "seal",
]
