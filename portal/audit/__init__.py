"""What was done, by whom, to what: append-only and hash-chained, never content."""

from portal.audit.chain import declare, record, register, verify
from portal.audit.models import AuditEvent

__all__ = ["AuditEvent", "declare", "record", "register", "verify"]
