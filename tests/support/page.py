"""A fetched page, read the way a person reads it: headings, links, forms and the words on it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import html
from werkzeug.test import TestResponse

HIDDEN = ("script", "style", "template", "noscript")


def plain(text: str) -> str:
    """The words without their spacing; no-break spaces become ordinary ones."""
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


def words(element: html.HtmlElement) -> str:
    """What an element says."""
    parts: list[str] = []
    for node in element.iter():
        if isinstance(node.tag, str) and node.tag not in HIDDEN:
            parts.append(node.text or "")
        if node is not element:
            parts.append(node.tail or "")
    return plain(" ".join(parts))


@dataclass
class Form:
    """A form on a page, with what its fields hold."""

    action: str
    method: str
    text: str
    fields: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **changes: Any) -> dict[str, Any]:
        """What the browser would send: what the fields hold, with `changes` typed in. None leaves a field out."""
        data: dict[str, Any] = dict(self.fields)
        for name, value in changes.items():
            data[name] = value
        return {name: value for name, value in data.items() if value is not None}


class Page(TestResponse):
    """The answer to a request, with ways to look at it."""

    @property
    def is_html(self) -> bool:
        return self.mimetype == "text/html" and bool(self.data)

    @property
    def is_whole(self) -> bool:
        """A page of its own, not a block that htmx swaps in."""
        return self.is_html and "<html" in self.get_data(as_text=True)[:300].lower()

    @property
    def tree(self) -> html.HtmlElement:
        source = self.get_data(as_text=True)
        if self.is_whole:
            return html.document_fromstring(source)
        return html.fragment_fromstring(source, create_parent="body")

    def all(self, css: str) -> list[html.HtmlElement]:
        return list(self.tree.cssselect(css))

    def one(self, css: str) -> html.HtmlElement:
        found = self.all(css)
        assert len(found) == 1, f"{len(found)} of {css!r} on the page {self.request.path}"
        return found[0]

    def texts(self, css: str) -> list[str]:
        """What each of the elements says."""
        return [words(element) for element in self.all(css)]

    @property
    def words(self) -> str:
        """Everything the page says, outside its head."""
        body = self.tree.find(".//body")
        return words(self.tree if body is None else body)

    @property
    def main(self) -> str:
        """What the page's own part says."""
        return self.texts("main")[0] if self.is_whole else self.words

    @property
    def heading(self) -> str:
        return words(self.one("h1"))

    @property
    def title(self) -> str:
        return words(self.one("title"))

    def link(self, text: str) -> str:
        """Where the link that says `text` leads."""
        found = [a.get("href", "") for a in self.all("a[href]") if text in words(a)]
        assert found, f"no link says {text!r} on {self.request.path}"
        return found[0]

    @property
    def links(self) -> Iterator[str]:
        for a in self.all("a[href]"):
            yield a.get("href", "")

    @property
    def forms(self) -> list[Form]:
        return [self._form(element) for element in self.all("form")]

    def form(self, named: str) -> Form:
        """The form whose action ends with `named`, or that says it (on its button, say)."""
        found = [f for f in self.forms if f.action.split("?")[0].endswith(named)]
        found = found or [f for f in self.forms if named in f.text]
        assert found, f"no form {named!r} on {self.request.path}"
        return found[0]

    def _form(self, element: html.HtmlElement) -> Form:
        form = Form(
            element.get("action") or self.request.full_path.rstrip("?"),
            (element.get("method") or "get").lower(),
            words(element)
            + " "
            + " ".join(b.get("value", "") for b in element.cssselect("input[type=submit]")),
        )
        for control in element.cssselect("input[name], select[name], textarea[name]"):
            for value in _held(control):
                form.fields.setdefault(control.get("name", ""), []).append(value)
        return form


def _held(control: html.HtmlElement) -> list[str]:
    """What a field would send if nobody touched it."""
    if control.get("disabled") is not None:
        return []
    if control.tag == "textarea":
        return [(control.text or "").removeprefix("\n")]
    if control.tag == "select":
        options = control.cssselect("option")
        chosen = [o for o in options if o.get("selected") is not None]
        if not chosen and control.get("multiple") is None:
            chosen = options[:1]
        return [o.get("value", words(o)) for o in chosen]
    kind = control.get("type", "text")
    if kind in ("submit", "button", "image", "reset", "file"):
        return []
    if kind in ("checkbox", "radio"):
        return [control.get("value", "on")] if control.get("checked") is not None else []
    return [control.get("value", "")]
