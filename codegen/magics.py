"""IPython's magics: lines of a notebook's cell that are no Python.

Source: IPython/core/inputtransformer2.py.
"""

from __future__ import annotations

import ast
import re
import warnings

from codegen.diagnostics import Diagnostics, Position

#: ``%magic``, ``!command`` and ``?name`` or ``name?`` as statements.
_MAGIC = re.compile(r"[ \t\f]*(?P<text>%[^%\s]\S*.*|!.*|\?.*|[\w.*]+\?{1,2})[ \t]*$")
#: ``name = %magic`` and ``name = !command``.
_ASSIGNED = re.compile(r"[ \t\f]*[\w., ]+=\s*[%!]")

#: What a text with magics has.
_ANY = re.compile(r"^[ \t\f]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)

#: Magics that run Python code, or bring names or variables that the flow may need.
_WORK = frozenset(
    {
        "%capture", "%edit", "%env", "%load", "%loadpy", "%macro", "%prun", "%pylab", "%recall",
        "%rerun", "%run", "%set_env", "%store", "%time", "%timeit",
    }
)  # fmt: skip

#: First lines of cells whose other lines are Python code that runs as if they were not there.
_CELL_MAGICS = frozenset({"%%capture", "%%prun", "%%time", "%%timeit"})


def without_cell_magic(text: str, diagnostics: Diagnostics) -> str | None:
    """The text of a cell with an empty line for the cell magic at its beginning; None if what
    follows is no Python code of this process."""
    line, number = _first(text)
    if not line.startswith("%%"):
        return text
    if line.split()[0] in ("%%writefile", "%%file"):
        return _emptied(text, number)
    if line.split()[0] not in _CELL_MAGICS:
        return None
    _note(line, number, diagnostics)
    return _emptied(text, number)


def written_file(text: str) -> tuple[str, bool] | None:
    """The file that a cell writes with ``%%writefile``, and whether it appends to it."""
    words = _first(text)[0].split()
    if not words or words[0] not in ("%%writefile", "%%file"):
        return None
    files = [word.strip("\"'") for word in words[1:] if word not in ("-a", "--append")]
    return (files[-1] if files else "", len(files) < len(words) - 1)


def without_magics(text: str, diagnostics: Diagnostics) -> str:
    """The text with an empty line for each magic that stands where a statement should.

    Only lines that Python's parser complains about count: ``% other`` may be part of an
    expression.
    """
    if not _ANY.search(text):
        return text
    while (number := _wrong_line(text)) is not None:
        line = text.split("\n")[number - 1]
        if _ASSIGNED.match(line):
            _refuse(line.strip(), number, diagnostics)
            return text
        found = _MAGIC.match(line)
        if found is None:
            return text
        if found["text"].split()[0] in _WORK:
            _refuse(found["text"], number, diagnostics)
            return text
        _note(found["text"], number, diagnostics)
        text = _emptied(text, number)
    return text


def _first(text: str) -> tuple[str, int]:
    """The first line that is not empty, and its number."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            return line.rstrip(), number
    return "", 1


def _emptied(text: str, number: int) -> str:
    """The text without a line, which leaves an empty one; those that it goes on in as well."""
    lines = text.split("\n")
    while True:
        goes_on = lines[number - 1].endswith("\\")
        lines[number - 1] = ""
        number += 1
        if not goes_on or number > len(lines):
            return "\n".join(lines)


def _wrong_line(text: str) -> int | None:
    """The line where Python's parser gives up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except MemoryError:  # the parser's stack, not the machine's memory
        raise RecursionError from None
    except SyntaxError as error:
        lines = text.count("\n") + 1
        return error.lineno if error.lineno and error.lineno <= lines else None
    except ValueError:  # a character that is none; reported where the text is read
        return None
    return None


def _note(magic: str, number: int, diagnostics: Diagnostics) -> None:
    diagnostics.add(
        "MF663",
        Position(number, 1),
        f"{magic} is left out: it belongs to the notebook",
        "Nothing to do.",
    )


def _refuse(magic: str, number: int, diagnostics: Diagnostics) -> None:
    diagnostics.add(
        "MF664",
        Position(number, 1),
        f"{magic} does a part of the work, and is no Python",
        "Write in Python what it does, or move it to another cell if the flow does without.",
    )
