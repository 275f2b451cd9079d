"""From bytes to text: what Python itself does with a source file before it parses it."""

from __future__ import annotations

import io
import tokenize

from codegen.diagnostics import Diagnostics, Position


def decode(data: bytes, diagnostics: Diagnostics) -> str | None:
    """The text of a Python source file, with ``\\n`` as its only line ending.

    Honours a byte order mark and PEP 263 cookies. Text that cannot be decoded is recorded as
    MF001, and the result is None.
    """
    start = Position(1, 1)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        diagnostics.add(
            "MF001", start, f"{error.msg}", "Save the file as UTF-8, or declare its encoding."
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
    return decoded(text, diagnostics)


def decoded(text: str, diagnostics: Diagnostics) -> str | None:
    """The text with ``\\n`` as its only line ending, without a byte order mark.

    A null character, which no Python source may hold, is recorded as MF001.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        before = text[: text.index("\0")]
        place = Position(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        diagnostics.add(
            "MF001",
            place,
            "the source contains a null character: is it a binary file?",
            "Give the Python file that defines the flow.",
        )
        return None
    return text
