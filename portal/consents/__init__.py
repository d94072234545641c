"""What people have said yes to, in which words, and that they may take back. Asked by every slice above."""

from portal.consents.giving import NotTheText, give, history, withdraw
from portal.consents.models import Consent, ConsentText, condition, holds
from portal.consents.texts import TEXTS, Purpose, Wording, current

__all__ = [
    "TEXTS",
    "Consent",
    "ConsentText",
    "NotTheText",
    "Purpose",
    "Wording",
    "condition",
    "current",
    "give",
    "history",
    "holds",
    "withdraw",
]
