"""Taking the whole database out and in again: consistent, sealed, tried before it is trusted, and never with a key in it."""

from portal.backup.restoring import Restored, restore
from portal.backup.taking import Taken, back_up

__all__ = ["Restored", "Taken", "back_up", "restore"]
