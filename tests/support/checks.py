"""What must be right on every page, whoever it is for."""

import re
from collections import Counter

from lxml import html

from tests.support.page import HIDDEN, Page, plain, words

# Words that give an untranslated text, or a value that leaked, away. They are no Norwegian words.
GIVEAWAYS = re.compile(
    r"\b(Submit|This field|is required|Not a valid|Invalid|Sign in|Sign out|Log in|Error|Required|Search|Choose"
    r"|Choice|Cancel|Save|Delete|Edit|Password|undefined|None|null|NaN|True|False|Unauthorized|Forbidden"
    r"|Internal Server|Traceback)\b|\{\{|\{%|%\(\w+\)|&amp;\w+;|<bound|object at 0x"
)
UNNAMED = ("hidden", "submit", "button", "image", "reset")


def faults(page: Page) -> list[str]:
    """Everything that is wrong with a page or a block of one."""
    tree = page.tree
    found = [*_repeated_ids(tree), *_forms(tree), *_fields(tree), *_english(tree), *_inline(tree)]
    if page.is_whole:
        found += _frame(tree)
    return found


def _frame(tree: html.HtmlElement) -> list[str]:
    found = []
    headings = [words(h) for h in tree.cssselect("h1")]
    titles = [words(t) for t in tree.cssselect("head title")]
    if len(headings) != 1:
        found.append(f"{len(headings)} h1 on the page: {headings}")
    if len(titles) != 1:
        found.append(f"{len(titles)} titles on the page: {titles}")
    if headings and titles and not titles[0].startswith(headings[0]):
        found.append(f"the title {titles[0]!r} does not begin with the heading {headings[0]!r}")
    if tree.get("lang") != "nb":
        found.append(f"the page's language is {tree.get('lang')!r}, not 'nb'")
    if len(tree.cssselect("main")) != 1:
        found.append("not exactly one <main>")
    return found


def _repeated_ids(tree: html.HtmlElement) -> list[str]:
    counted = Counter(e.get("id") for e in tree.cssselect("[id]"))
    return [f"the id {name!r} is used {n} times" for name, n in counted.items() if n > 1]


def _forms(tree: html.HtmlElement) -> list[str]:
    return [
        f"the form to {form.get('action')!r} has no csrf_token"
        for form in tree.cssselect("form")
        if (form.get("method") or "get").lower() == "post"
        and not form.cssselect("input[name=csrf_token][value]")
    ]


def _fields(tree: html.HtmlElement) -> list[str]:
    labelled = {label.get("for") for label in tree.cssselect("label[for]") if words(label)}
    ids = {e.get("id") for e in tree.cssselect("[id]")}
    found = []
    for control in tree.cssselect("input, select, textarea"):
        if control.get("type", "text") in UNNAMED:
            continue
        named = (
            plain(control.get("aria-label", ""))
            or set(control.get("aria-labelledby", "").split()) & ids
            or control.get("id") in labelled
            or any(a.tag == "label" and words(a) for a in control.iterancestors())
        )
        if not named:
            found.append(f"the field {control.get('name')!r} has no label")
    return found


def _english(tree: html.HtmlElement) -> list[str]:
    texts: list[str] = []
    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag in HIDDEN or _is_foreign(element):
            continue
        texts += [
            element.text or "",
            *(element.get(a, "") for a in ("title", "alt", "placeholder", "aria-label")),
        ]
        texts += [child.tail or "" for child in element]
    found = [(m.group(), plain(text)[:80]) for text in texts for m in [GIVEAWAYS.search(text)] if m]
    return [f"not Norwegian: {word!r} in {text!r}" for word, text in found]


def _is_foreign(element: html.HtmlElement) -> bool:
    """Whether the words are somebody's own, or a machine's: code, names, what a person has written."""
    chain = [element, *element.iterancestors()]
    return any(e.tag in ("code", "textarea") or e.get("translate") == "no" for e in chain)


def _inline(tree: html.HtmlElement) -> list[str]:
    """The content security policy forbids these, so the page would not look or work as meant."""
    found = [f"<{e.tag!s}> has an inline style" for e in tree.cssselect("[style]")]
    found += ["an inline <style>" for _ in tree.cssselect("style")]
    found += [
        "an inline <script>"
        for e in tree.cssselect("script:not([src])")
        if e.get("type") not in ("application/json", "application/ld+json")
    ]
    found += [f"<{e.tag!s} {a}>" for e in tree.iter() if isinstance(e.tag, str) for a in _handlers(e)]
    return found


def _handlers(element: html.HtmlElement) -> list[str]:
    return [name for name in map(str, element.attrib) if name.startswith("on")]
