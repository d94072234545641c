"""A browser without a screen, that finds fault with every page it fetches."""

from datetime import datetime
from typing import Any

from flask import Flask, has_app_context
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from portal.extensions import db
from tests.support.checks import faults
from tests.support.page import Form, Page


class CheckingClient(FlaskClient):
    """`get`, `post` and `submit` as a person would, with the page checked on the way.

    What the test itself has added is committed before a request, as another person's work would be.
    """

    application: Flask
    checks = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page: Page | None = None
        self.htmx = HtmxClient(self)

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """A request as it is, unchecked: with an application context of its own, as under a real server."""
        if has_app_context():
            db.session.commit()
        with self.application.app_context():
            return super().open(*args, **kwargs)

    def get(self, url: str, status: int = 200, **kwargs: Any) -> Page:
        """Fetch a page. `status` is what must come back."""
        return self._fetch("GET", url, (status,), **kwargs)

    def post(
        self, url: str, data: Any = None, status: int | None = None, csrf: bool = True, **kwargs: Any
    ) -> Page:
        """Send a form with its token. Without a `status`, any answer that is no refusal will do."""
        data = dict(data or {})
        if csrf:
            data.setdefault("csrf_token", self.csrf_token())
        expected = (status,) if status else (200, 201, 204, 302, 303)
        return self._fetch("POST", url, expected, data=data, **kwargs)

    def submit(self, form: Form | str, status: int | None = None, follow: bool = True, **fields: Any) -> Page:
        """Fill in a form of the page last fetched and press its button; go where that leads."""
        if isinstance(form, str):
            assert self.page is not None, "no page has been fetched"
            form = self.page.form(form)
        data = form.filled(**fields)
        if form.method == "get":
            return self.get(form.action, status or 200, query_string=data)
        answer = self.post(form.action, data, status)
        return self.follow(answer) if follow and status is None else answer

    def follow(self, answer: Page) -> Page:
        """Go where an answer leads, if it leads anywhere."""
        target = answer.headers.get("HX-Redirect") or answer.headers.get("Location")
        return self.get(target) if target else answer

    def csrf_token(self) -> str:
        """The token of the page last fetched, or a fresh one of this visitor's."""
        if self.page is not None and self.page.is_html:
            tokens = self.page.all("input[name=csrf_token]")
            if tokens:
                return tokens[0].get("value", "")
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", "0" * 40)
        secret = self.application.config.get("WTF_CSRF_SECRET_KEY") or self.application.secret_key
        return URLSafeTimedSerializer(str(secret), salt="wtf-csrf-token").dumps(raw)

    def sign_in(self, person: Any, now: datetime | None = None) -> "CheckingClient":
        """Become this person (a user, or somebody with one), with a real session at the server."""
        from tests.support.people import open_session

        self.page = None
        with self.session_transaction() as session:
            open_session(person, session, now)
        return self

    def sign_out(self) -> "CheckingClient":
        self.page = None
        with self.session_transaction() as session:
            session.clear()
        return self

    def _fetch(self, method: str, url: str, expected: tuple[int, ...], **kwargs: Any) -> Page:
        page = self.open(url, method=method, **kwargs)
        assert isinstance(page, Page)
        assert page.status_code in expected, f"{method} {url}: {page.status}, not {expected}. {_gist(page)}"
        if self.checks and page.is_html and not 300 <= page.status_code < 400:
            wrong = faults(page)
            assert not wrong, f"{method} {url}: " + "; ".join(wrong)
        if page.is_whole:
            self.page = page
        return page


class HtmxClient:
    """The same browser, with a request that htmx makes."""

    def __init__(self, client: CheckingClient) -> None:
        self._client = client

    def get(self, url: str, status: int = 200, **kwargs: Any) -> Page:
        return self._client.get(url, status, headers=self._headers(kwargs), **kwargs)

    def post(self, url: str, data: Any = None, status: int | None = None, **kwargs: Any) -> Page:
        return self._client.post(url, data, status, headers=self._headers(kwargs), **kwargs)

    def submit(self, form: Form | str, status: int | None = None, **fields: Any) -> Page:
        if isinstance(form, str):
            assert self._client.page is not None, "no page has been fetched"
            form = self._client.page.form(form)
        return self.post(form.action, form.filled(**fields), status)

    def _headers(self, kwargs: dict[str, Any]) -> dict[str, str]:
        page = self._client.page
        current = {"HX-Current-URL": page.request.url} if page is not None else {}
        return {"HX-Request": "true", **current, **kwargs.pop("headers", {})}


def _gist(page: Page) -> str:
    """What the page says of itself, to put into a failure."""
    return page.main[:300] if page.is_html else page.headers.get("Location", "")
