"""The words of a PDF as a reader or a search would get them: the glyphs, turned back by the fonts' own tables."""

import re
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
# A literal may hold brackets that come in pairs, three deep at most in what is written here.
_INNER = rb"(?:\\.|[^\\()])*"
_PAIRED = rb"(?:\\.|[^\\()]|\((?:\\.|[^\\()]|\(" + _INNER + rb"\))*\))*"
_TEXT = rb"\(" + _PAIRED + rb"\)|<[0-9A-Fa-f]*>"
STRING = re.compile(rb"\((" + _PAIRED + rb")\)|<([0-9A-Fa-f]*)>", re.DOTALL)
SHOWN = re.compile(rb"/(f\d+) [\d.]+ Tf|\[((?:" + _TEXT + rb"|[^\]])*)\]TJ|(" + _TEXT + rb")\s*Tj", re.DOTALL)
STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)


def words_of(pdf: bytes) -> str:
    """All text of all pages, in reading order, without the breaks between lines; a form feed between pages."""
    objects = {int(m[1]): m[2] for m in OBJECT.finditer(pdf)}
    pages = [body for body in objects.values() if body.startswith(b"<</Type/Page/")]
    pages.sort(key=lambda body: _number(rb"/StructParents (\d+)", body))
    return "\f".join(_page(body, objects) for body in pages)


def _number(pattern: bytes, body: bytes) -> int:
    found = re.search(pattern, body)
    assert found is not None, pattern
    return int(found[1])


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    assert found is not None
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]


def _page(page: bytes, objects: dict[int, bytes]) -> str:
    resources = objects[_number(rb"/Resources (\d+) 0 R", page)]
    fonts = {
        name: _unicode(_stream(objects[_number(rb"/ToUnicode (\d+) 0 R", objects[int(number)])]))
        for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", resources)
    }
    said, font = list[str](), dict[bytes, str]()
    content = _stream(objects[_number(rb"/Contents (\d+) 0 R", page)])
    for name, several, one in SHOWN.findall(content):
        font = fonts[name] if name else font
        for literal, coded in STRING.findall(several or one):
            raw = bytes.fromhex(coded.decode()) if coded else _literal(literal)
            said += [font.get(raw[i : i + 2], "") for i in range(0, len(raw), 2)]
    return "".join(said).replace("\u00a0", " ")


ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _literal(text: bytes) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8)]) if code[:1].isdigit() else ESCAPES.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.)", one, text, flags=re.DOTALL)


def _unicode(cmap: bytes) -> dict[bytes, str]:
    table: dict[bytes, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for glyph, text in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            table[bytes.fromhex(glyph.decode())] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in re.findall(
            rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block
        ):
            start = int(text, 16)
            for n in range(int(first, 16), int(last, 16) + 1):
                table[n.to_bytes(2, "big")] = chr(start + n - int(first, 16))
    return table
