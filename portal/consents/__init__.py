"""What people have said yes to, in which words, and that they may take back. Asked by every slice above."""

from portal.consents.asking import AsksFirst, ConsentField
from portal.consents.giving import NotAgreed, NotTheText, give, history, lapse_all, require, withdraw
from portal.consents.models import Consent, ConsentText, among, condition, holds
from portal.consents.texts import TEXTS, Purpose, Wording, current

__all__ = [
    "TEXTS",
    "AsksFirst",
    "Consent",
    "ConsentField",
    "ConsentText",
    "NotAgreed",
    "NotTheText",
    "Purpose",
    "Wording",
    "among",
    "condition",
    "current",
    "give",
    "history",
    "holds",
    "lapse_all",
    "require",
    "withdraw",
]
