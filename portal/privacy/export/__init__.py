"""Everything the register lets a person have, as a zip: JSON for machines, a PDF to read. Made when asked for, never kept."""

import io
import json
import zipfile
from datetime import datetime

from portal import audit, clock
from portal.accounts.models import User
from portal.privacy.export.gathering import Copy, gather
from portal.privacy.export.pdf import as_pdf

EXPORTED = audit.declare("own data exported")


def export(user: User, now: datetime) -> tuple[str, bytes]:
    """The file's name, which names nobody, and its content. The audit knows that it was made."""
    copy = gather(user, now)
    audit.record(EXPORTED, by=user, on=user, at=now)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("opplysningene-dine.json", as_json(copy))
        file.writestr("opplysningene-dine.pdf", as_pdf(copy))
    return f"opplysningene-dine-{clock.today(now):%Y-%m-%d}.zip", content.getvalue()


def as_json(copy: Copy) -> str:
    return json.dumps(copy.as_data(), ensure_ascii=False, indent=2)


__all__ = ["as_json", "as_pdf", "export", "gather"]
