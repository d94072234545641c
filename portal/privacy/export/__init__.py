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


def take_copy(user: User, now: datetime) -> Copy:
    """What there is about the person. The audit knows that it was taken."""
    audit.record(EXPORTED, by=user, on=user, at=now)
    return gather(user, now)


def as_zip(copy: Copy) -> tuple[str, bytes]:
    """The file's name, which names nobody, and its content. Needs no database, and takes a second: commit first."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("opplysningene-dine.json", as_json(copy))
        file.writestr("opplysningene-dine.pdf", as_pdf(copy))
    return f"opplysningene-dine-{clock.today(copy.made_at):%Y-%m-%d}.zip", content.getvalue()


def as_json(copy: Copy) -> str:
    return json.dumps(copy.as_data(), ensure_ascii=False, indent=2)


__all__ = ["as_json", "as_pdf", "as_zip", "gather", "take_copy"]
