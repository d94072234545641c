"""What was done, by whom, to what: append-only and hash-chained, never content."""

from portal.audit.chain import declare, record, register, restored, verify, verify_copies
from portal.audit.models import AuditEvent
from portal.audit.reads import Reading, has_read, has_taken_out, reads_of

__all__ = [
    "AuditEvent",
    "Reading",
    "declare",
    "has_read",
    "has_taken_out",
    "reads_of",
    "record",
    "register",
    "restored",
    "verify",
    "verify_copies",
]
