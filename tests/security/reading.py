"""All the words of an answer, whatever kind of file it is."""

import zipfile
from io import BytesIO

from werkzeug.test import TestResponse


def words_of(answer: TestResponse) -> str:
    """The text of a page, a table or a spreadsheet's parts."""
    data = answer.get_data()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as parts:
            return "\n".join(parts.read(name).decode(errors="replace") for name in sorted(parts.namelist()))
    return data.decode(errors="replace")
