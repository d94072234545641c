"""Mails: rows first, in the transaction that causes them; sent afterwards by the worker."""

from portal.notifications.models import Kind, OutboxMessage

__all__ = ["Kind", "OutboxMessage"]
