"""What is sent under a field's name that is nothing the field could hold."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from portal.forms import DateField, TimeField
from portal.forms import Form as Base


class Form(Base):
    day, hour = DateField(), TimeField()


@pytest.mark.parametrize("name", ["day", "hour"])
def test_a_file_under_a_text_fields_name_is_nothing(app: Flask, name: str) -> None:
    sent: Any = {name: (BytesIO(b"x"), "24.11.2026")}
    with app.test_request_context("/", method="POST", data=sent, content_type="multipart/form-data"):
        form = Form(meta={"csrf": False})
        form.validate()
        assert form[name].data is None
