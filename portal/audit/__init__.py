"""What was done, by whom, to what: append-only and hash-chained, never content."""

from portal.audit.chain import declare, record, register, restored, verify, verify_copies
from portal.audit.models import AuditEvent
from portal.audit.reads import has_read, has_taken_out

__all__ = [
    "AuditEvent",
    "declare",
    "has_read",
    "has_taken_out",
    "record",
    "register",
    "restored",
    "verify",
    "verify_copies",
]
