"""Pages of a list: whatever number stands in the address, a page is shown."""

from typing import Any

from flask import request
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select

from portal.extensions import db

LAST = 10_000


def page_of(rows: Select[Any], per_page: int) -> Pagination:
    """The page of `rows` that the address asks for; the first one when it asks for none."""
    number = min(max(request.args.get("page", 1, int), 1), LAST)
    return db.paginate(rows, page=number, per_page=per_page, max_per_page=per_page, error_out=False)
