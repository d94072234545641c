"""Whatever people and machines send: nasty values for every field and parameter that the portal's own pages have."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_from_bytes, urlsplit

from hypothesis import strategies as st

from portal.access import LONGEST, local_path
from tests.security.reading import words_of

MARK = "<i id=fz>"
# Known to break somebody, somewhere.
KNOWN = (
    MARK, f"\"'>{MARK}", "' onfz='1", '" onfz="1', "</textarea><script>fz()</script>", "javascript:fz()",
    "{{ 'fz' * 3 }}", "{% debug %}", "${7*7}", "%(fz)s", "%s%n%x", "{0.__class__}",
    "' OR 1=1 --", "1; DROP TABLE member", "\\", "%", "_", "*", "\0", "a\0b", "\r\nX-Fz: 1", "\nX-Fz: 1", "%0d%0aX-Fz:%201",
    "//evil.example", "https://evil.example/", "/\\evil.example", "///evil.example", "/%2f/evil.example", "\t//evil.example",
    "http:evil.example", "/home", "../../etc/passwd", "‮rtl", "؀ؐ‏", "\ud800", "\udfff\ud800", "﷽" * 50, "\U0001f9d1‍🚀",
    "é" * 3, "é", "İ", "ß", "ﬁ", "　", " ", "", "   ", "x" * 10_000, "æ" * 10_000, "\x7f", "\x1b[31m",
    "0", "-1", "1", "2147483647", "2147483648", "9" * 30, "9" * 400, "9" * 5_000, "1e999", "-1e999", "NaN", "Infinity", "0x10", "1_000", "١٢",
    "½", "²", "1,5", "1.5", "--1", "+1", "1e5", "00:00", "24:00", "99.99", "29.02.2027", "31.12.9999", "01.01.0001", "0000-00-00",
    "9999-12-31", "2026-W54", "2026-W00", "99999-W01", "2026-W48", "null", "None", "true", "[]", "{}", "held", "no_show", "up",
    "today", "digital", "either", "member", "secretariat", "kdf", "yes", "on", "@", "a@b", "a@b.no", "A@B.NO\r\nBcc: x@y.no",
    "=1+1", "+cmd", "@SUM(1)", "ünï@cödé.no", "a" * 64 + "@b.no", "a@" + "b" * 300 + ".no",
)  # fmt: skip
TYPES = (
    "application/x-www-form-urlencoded", "multipart/form-data", "application/json", "text/plain", "text/xml", "",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=\"x\"; charset=utf-7", "x/y; charset=klingon",
)  # fmt: skip

values = st.one_of(
    st.sampled_from(KNOWN),
    st.sampled_from(KNOWN),
    st.text(max_size=40),
    st.text(st.characters(categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Mn")), max_size=12),
    st.integers(-(10**20), 10**20).map(str),
    st.dates().map(lambda day: f"{day:%d.%m.%Y}"),
)


@dataclass(frozen=True)
class Input:
    """What is sent to one route: pairs, so that a field may come twice or not at all."""

    way: int
    person: int
    row_id: int
    query: tuple[tuple[str, str], ...]
    form: tuple[tuple[str, str], ...]
    content_type: str
    has_token: bool
    cookie: str | None
    htmx: bool
    header: str


@dataclass
class Fields:
    """The names that the pages use, for a path and in all; found by looking at every page."""

    of_path: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    all: set[str] = field(default_factory=lambda: {"next", "back", "q", "page", "show", "csrf_token"})

    def learn(self, page: Any) -> None:
        """Take in the forms and the links of a page."""
        for form in page.forms:
            for name, held in form.fields.items():
                self.of_path[urlsplit(form.action).path].setdefault(name, held)
                self.all.add(name)
        for href in page.links:
            parts = urlsplit(href)
            for name, held in parse_qs(parts.query, keep_blank_values=True).items():
                self.of_path[parts.path].setdefault(name, held)
                self.all.add(name)


def inputs(ways: int, people: int, names: list[str]) -> st.SearchStrategy[Input]:
    """`names` are all fields; those of the route itself are added by whoever sends."""
    pairs = st.lists(st.tuples(st.sampled_from(names), values), max_size=5).map(tuple)
    return st.builds(
        Input,
        way=st.integers(0, ways - 1),
        person=st.integers(0, people - 1),
        row_id=st.sampled_from((0, 0, 0, 1, 2, 2**31 - 1, 2**31, 10**30)),
        query=pairs,
        form=pairs,
        content_type=st.sampled_from((TYPES[0],) * 6 + (TYPES[1],) * 2 + TYPES),
        has_token=st.sampled_from((True, True, True, True, False)),
        cookie=st.one_of(st.none(), st.none(), st.none(), st.none(), values),
        htmx=st.booleans(),
        header=st.sampled_from(("", "", "", "evil.example", "x" * 3000, "gzip;q=9", "*/*;q=nan", "æøå")),
    )


def encoded(pairs: tuple[tuple[str, str], ...]) -> str:
    """The pairs as an address has them, broken characters included."""
    raw = [
        (name.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass")) for name, text in pairs
    ]
    return "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(text)}" for name, text in raw)


def multipart(pairs: tuple[tuple[str, str], ...], boundary: str = "fz") -> bytes:
    """The pairs as a browser sends files, with a file where the field is called so."""
    parts = []
    for name, text in pairs:
        file = '; filename="../../liste.csv"\r\nContent-Type: text/csv' if name == "file" else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts.append(head.encode("utf-8", "surrogatepass") + text.encode("utf-8", "surrogatepass") + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def faults(answer: Any) -> Iterator[str]:
    """What an answer must never be."""
    if answer.status_code >= 500:
        yield f"answered {answer.status}"
    for name, text in answer.headers:
        if name.lower() == "x-fz" or "\r" in text or "\n" in text:
            yield f"a header was slipped in: {name}: {text!r}"
    for name in ("Location", "HX-Redirect"):
        target = answer.headers.get(name)
        # Where it leads is told by how it begins; what it carries may be quoted twice, and long.
        if target and local_path(target[:LONGEST]) is None:
            yield f"leads elsewhere: {target!r}"
    if answer.mimetype == "text/html":
        body = words_of(answer)
        for planted in (
            MARK,
            "fz()</script>",
            " onfz='1",
            '" onfz="1',
            "fzfzfz",
            'href="javascript:',
            'action="//evil',
        ):
            if planted in body:
                yield f"{planted!r} came back as it was"
