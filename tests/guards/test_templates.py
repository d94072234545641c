"""Templates: each is used, none carries style or script of its own, and every word goes through translation."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
SOURCES = {path: path.read_text() for path in TEMPLATES}
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "portal").rglob("*.py")))

INLINE = re.compile(
    r"""\sstyle\s*=|<style\b|<script\b(?![^>]*\bsrc=)(?![^>]*json)|\son[a-z]+\s*=\s*["']|\shx-on\b|javascript:"""
)
JINJA = re.compile(r"\{#.*?#\}|\{%-?\s*raw.*?endraw\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
CLASSES = re.compile(r"\{% block \w+_class %\}.*?\{% endblock %\}")  # a block that fills a class attribute
SPOKEN = re.compile(r"""\b(?:aria-label|title|alt|placeholder)="([^"]*)\"""")
# Words that are the same in every language: the name, a unit, a technical token.
GALLERY = "public/components.html"  # shows the components with invented people
SAME = {"Varde", "KDF", "E"}


def name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_template_is_used(path: Path) -> None:
    others = CODE + "\n".join(text for other, text in SOURCES.items() if other != path)
    if path.parent.name == "components":  # their macros are globals, called by name
        macros = re.findall(r"\{%-?\s*macro\s+(\w+)", SOURCES[path])
        assert any(re.search(rf"\b{macro}\(", others) for macro in macros), f"nobody calls any of {macros}"
    else:
        assert f'"{name(path)}"' in others or f"'{name(path)}'" in others


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_style_and_no_script_within_a_template(path: Path) -> None:
    assert not INLINE.findall(JINJA.sub("", SOURCES[path]))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_word_goes_through_translation(path: Path) -> None:
    if name(path) == GALLERY:
        return
    bare = JINJA.sub(" ", CLASSES.sub(" ", SOURCES[path]))
    spoken = SPOKEN.findall(bare)
    bare = re.sub(r"<!--.*?-->|<code\b.*?</code>|<[^>]*>", " ", bare, flags=re.DOTALL)
    words = [
        w for text in (bare, *spoken) for w in re.findall(r"[A-Za-zÆØÅæøå]{2,}", re.sub(r"&\w+;", " ", text))
    ]
    assert not [w for w in words if w not in SAME]
