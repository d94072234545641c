"""Norwegian alphabetical order."""

import pytest

from portal.sorting import sort_key

pytestmark = pytest.mark.pure


def test_the_alphabet_ends_with_ae_oe_aa() -> None:
    names = ["Anne", "Åse", "Zara", "Øyvind", "Ærlend", "Zzyzx", "Émile", "Edel", "Aase", "Zoë", "Bø", "By"]
    assert sorted(names, key=sort_key) == [
        "Anne", "By", "Bø", "Edel", "Émile", "Zara", "Zoë", "Zzyzx", "Ærlend", "Øyvind", "Åse", "Aase"
    ]  # fmt: skip


def test_a_key_is_ascii_whatever_the_name() -> None:
    for name in ("Ŧuŋga Đorđe", "Здравко", "李", "", "O'Brien-Åsen", "\u00ad"):
        assert sort_key(name).isascii()
