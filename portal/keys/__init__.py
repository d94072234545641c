"""A key for each person: what they write is sealed with it, and destroying it is forgetting what they wrote."""

from portal.keys.columns import SealedBytes, every_sealed_column, sealed_column, sealed_json, sealed_text
from portal.keys.destroying import destroy, on_replay
from portal.keys.models import PersonKey
from portal.keys.sealing import (
    Destroyed,
    Unreadable,
    blind,
    blind_if_known,
    load,
    open,
    open_bytes,
    register,
    seal,
)

__all__ = [
    "Destroyed",
    "PersonKey",
    "SealedBytes",
    "Unreadable",
    "blind",
    "blind_if_known",
    "destroy",
    "every_sealed_column",
    "load",
    "on_replay",
    "open",
    "open_bytes",
    "register",
    "seal",
    "sealed_column",
    "sealed_json",
    "sealed_text",
]
