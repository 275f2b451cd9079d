"""From bytes to text: what Python itself does with a source file before it parses it."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize

from codegen.diagnostics import Diagnostics, Position


def parsed(text: str) -> ast.Module | None:
    """The tree of a Python source; None if it is none."""
    try:
        return ast.parse(text)
    except MemoryError:  # the parser's stack, not the machine's memory
        raise RecursionError from None
    except (SyntaxError, ValueError):
        return None


def decode(data: bytes, diagnostics: Diagnostics) -> str | None:
    """The text of a Python source file, with ``\\n`` as its only line ending.

    Honours a byte order mark and PEP 263 cookies. Text that cannot be decoded is recorded as
    MF001, and the result is None.
    """
    start = Position(1, 1)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(_python(data)).readline)
    except SyntaxError as error:
        diagnostics.add(
            "MF001", start, f"{error.msg}", "Save the file as UTF-8, or declare its encoding."
        )
        return None
    if not getattr(codecs.lookup(encoding), "_is_text_encoding", True):
        diagnostics.add(
            "MF001", start, f"{encoding} is no encoding of text", "Save the file as UTF-8."
        )
        return None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        diagnostics.add(
            "MF001",
            Position(before.count(b"\n") + 1, column),
            f"byte 0x{data[error.start]:02x} is not valid {encoding}",
            "Save the file as UTF-8, or declare its encoding in a comment on its first line.",
        )
        return None
    except UnicodeError as error:
        diagnostics.add("MF001", start, f"{error}", "Save the file as UTF-8.")
        return None
    return decoded(text, diagnostics)


def _python(data: bytes) -> bytes:
    """The lines that Python looks at, of a file that begins with a magic of IPython."""
    return data.partition(b"\n")[2] if data.startswith(b"%%") else data


def decoded(text: str, diagnostics: Diagnostics) -> str | None:
    """The text with ``\\n`` as its only line ending, and without form feeds between lines of code.

    Null characters and lone surrogates, which no Python source may hold, are recorded as MF001.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := re.search("[\0\ud800-\udfff]", text):
        before = text[: found.start()]
        place = Position(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        diagnostics.add(
            "MF001",
            place,
            f"the source contains the character {found[0]!r}: is it a binary file?",
            "Give the Python file that defines the flow.",
        )
        return None
    return _without_form_feeds(text) if "\f" in text else text


def _without_form_feeds(text: str) -> str:
    """The text without form feeds in the indentation, and without what stands before them there:
    Python ignores both, and libcst does not always."""
    module = parsed(text)
    if module is None:
        return text
    within: set[int] = set()  # lines that begin in a string
    for node in ast.walk(module):
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            within |= set(range(node.lineno + 1, (node.end_lineno or 0) + 1))
    return "\n".join(
        line if number in within else re.sub(r"^[ \t\f]*\f", "", line)
        for number, line in enumerate(text.split("\n"), 1)
    )
