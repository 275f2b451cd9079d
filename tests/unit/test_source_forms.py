"""Sources in odd forms become the same as in the plain one: notebooks, magics, comments for tools,
line endings, tabs, encodings."""

import io
import json
import re
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen import Options, Translation, translate
from codegen.cli import main
from codegen.diagnostics import Severity, as_github, as_json, as_text
from tests.cases import GOLDEN

PAGES = GOLDEN.parent / "docs" / "diagnostics"

FLOW = '''\
"""Trains a model."""

import json

from metaflow import FlowSpec, Parameter, step

NAMES = """one
    two
"""


def fit(rows):
    return sum(rows)


class TrainFlow(FlowSpec):
    """Trains."""

    rows = Parameter("rows", default=3)

    @step
    def start(self):
        # Grüße
        self.model = fit(range(self.rows))
        self.next(self.end)

    @step
    def end(self):
        print(json.dumps(self.model), NAMES)
'''
GUARD = '\n\nif __name__ == "__main__":\n    TrainFlow()\n'
PLAIN = FLOW + GUARD


def tabs(text: str) -> str:
    """With a tab for each four blanks at the beginning of a line, but not within strings."""
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING:
            inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        blanks = len(line) - len(line.lstrip(" "))
        if number not in inside:
            lines[number - 1] = "\t" * (blanks // 4) + line[blanks:]
    return "\n".join(lines)


def mixed(text: str) -> str:
    ends = ["\r\n", "\n", "\r"]
    return "".join(line + ends[i % 3] for i, line in enumerate(text.splitlines()))


FORMS: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "mixed endings": lambda text: mixed(text).encode(),
    "no end of the last line": lambda text: text.rstrip("\n").encode(),
    "tabs": lambda text: tabs(text).encode(),
    "form feeds": lambda text: re.sub(r"(?m)^(class|def|    @)", "\f\\1", text).encode(),
    "form feeds behind blanks": lambda text: re.sub(
        "(?m)^(    +)(@|print)", r"  \f\1\2", text
    ).encode(),
    "shebang": lambda text: f"#!/usr/bin/env python\n{text}".encode(),
    "cookie": lambda text: f"# -*- coding: latin-1 -*-\n{text}".encode("latin-1"),
    "shebang and cookie": lambda text: f"#!/x\n# vim: set fileencoding=cp1252 :\n{text}".encode(
        "cp1252"
    ),
    "writefile": lambda text: f"%%writefile flow.py\n{text}".encode(),
    "writefile and cookie": lambda text: f"%%writefile x.py\n# coding: latin-1\n{text}".encode(
        "latin-1"
    ),
    "writefile behind an empty line": lambda text: f"\n%%file flow.py\n{text}".encode(),
    "noqa on decorators": lambda text: text.replace("@step", "@step  # noqa: D102").encode(),
    "type on parameters": lambda text: text.replace("=3)", "=3)  # type: ignore[x]").encode(),
    "fmt": lambda text: text.replace("class", "# fmt: off\n# fmt: on\nclass", 1).encode(),
    "cells": lambda text: text.replace("class", "# %%\nclass", 1).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_same_module(form: str) -> None:
    expected, found = translate(PLAIN), translate(FORMS[form](PLAIN))
    assert found.code == expected.code is not None
    assert found.diagnostics == ()


def test_positions_count_lines_as_editors_do() -> None:
    wrong = PLAIN.replace("self.end)", "self.stop)")
    (expected,) = translate(wrong).diagnostics
    for form in ("CRLF", "CR", "mixed endings", "form feeds", "no end of the last line"):
        (found,) = translate(FORMS[form](wrong)).diagnostics
        assert found.position.line == expected.position.line == 25, form
    (found,) = translate(FORMS["writefile"](wrong)).diagnostics
    assert found.position.line == 26


def test_tabs_that_do_not_fit() -> None:
    """As for Python, which refuses them."""
    text = PLAIN.replace("        self.next", "\tself.next")
    assert [found.code for found in translate(text).diagnostics] == ["MF002"]


def test_an_end_of_formatting_in_the_class() -> None:
    """What stands behind the author's code is formatted all the same."""
    off = PLAIN.replace("NAMES", "# fmt: off\nNAMES", 1)
    for text in (off, off.replace("    rows =", "    # fmt: on\n    rows =")):
        code = translate(text).code
        plain = translate(PLAIN).code
        assert code is not None and plain is not None
        assert code.replace("# fmt: off\n", "").replace("# fmt: on\n", "").split() == plain.split()
        assert code.endswith(plain[plain.index("class StartOutputs") :])


def test_form_feeds_in_strings_stay() -> None:
    text = PLAIN.replace("    two", "\f    two").replace("class", "\fclass", 1)
    code = translate(text).code
    assert code is not None and 'NAMES = """one\n\f    two\n"""' in code


# ---------------------------------------------------------------------- magics


MAGICS = {
    "%matplotlib inline": "MF663",
    "  %load_ext autoreload": "MF663",
    "!pip install pandas \\\n    numpy": "MF663",
    "?json": "MF663",
    "json.dumps?": "MF663",
    "%run helpers.py": "MF664",
    "%time fit([1])": "MF664",
    "%env ROWS=5": "MF664",
    "files = !ls": "MF664",
    "a, b = %magic": "MF664",
}


@pytest.mark.parametrize("magic", MAGICS)
def test_magics(magic: str) -> None:
    text = PLAIN.replace("NAMES =", f"{magic}\nNAMES =", 1)
    result = translate(text)
    assert [(found.code, found.position.line) for found in result.diagnostics] == [
        (MAGICS[magic], 7)
    ]
    if MAGICS[magic] == "MF663":
        assert result.code == translate(PLAIN).code
    else:
        assert result.code is None


def test_what_looks_like_a_magic() -> None:
    head = 'WIDTH = (7\n    % 4)\nTEXT = """\n%run\n!ls\n"""\n'
    result = translate(PLAIN.replace("NAMES =", f"{head}NAMES =", 1))
    assert result.code is not None and "%run\n!ls\n" in result.code
    assert result.diagnostics == ()


@pytest.mark.parametrize("line", ["%%time", "%%capture out"])
def test_magics_of_cells(line: str) -> None:
    result = translate(f"{line}\n{PLAIN}")
    assert [found.code for found in result.diagnostics] == ["MF663"]
    assert result.code == translate(PLAIN).code


def test_other_errors_of_syntax_stay() -> None:
    for line in ("x = = 1", "% 5", "%%bash"):
        found = translate(f"{line}\n{PLAIN}").diagnostics
        assert [(each.code, each.position.line) for each in found] == [("MF002", 1)]


# ---------------------------------------------------------------------- notebooks


def notebook(*cells: str, **more: object) -> str:
    """A notebook with these cells; those that begin with ``# `` are text."""
    made = []
    for text in cells:
        kind = "markdown" if text.startswith("# ") else "code"
        made.append({"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made, **more})


def of_notebook(text: str, name: str | None = None) -> Translation:
    return translate(text, "train.ipynb", Options(flow=name))


def expected() -> str:
    code = translate(PLAIN).code
    assert code is not None
    return code.replace("from flow.py:", "from train.ipynb:")


RUN = "run = NBRunner(TrainFlow).nbrun(rows=5)\nprint(run.data.model)\n"
IMPORT = FLOW.replace("FlowSpec, P", "FlowSpec, NBRunner, P")
HEADER, BODY = FLOW.split("    @step", 1)

NOTEBOOKS = {
    "writefile": ("# Title", "!pip install x", f"%%writefile flow.py\n{PLAIN}", "!python flow.py"),
    "written twice": (f"%%writefile f.py\n{PLAIN[:100]}", f"%%writefile 'f.py'\n{PLAIN}"),
    "appended": (f"%%writefile f.py\n{HEADER}", "1 + 1", f"%%writefile -a f.py\n    @step{BODY}"),
    "NBRunner": ("import pandas", f"{IMPORT}\n\n{RUN}"),
    "NBRunner in another cell": (FLOW, f"from metaflow import NBRunner\n{RUN}"),
    "a guard": (PLAIN,),
    "other languages": ("%%bash\nclass F(FlowSpec):", "%%html\n<b>", FLOW),
    "CRLF": (FLOW.replace("\n", "\r\n"),),
}


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_notebooks(case: str) -> None:
    result = of_notebook(notebook(*NOTEBOOKS[case]))
    assert result.diagnostics == ()
    assert result.code == expected()


def test_golden_flow_as_a_notebook() -> None:
    folder = GOLDEN / "include_text"
    source = (folder / "flow.py").read_text(encoding="utf-8")
    result = of_notebook(notebook(f"%%writefile flow.py\n{source}"))
    module = (folder / "flyte_wf.py").read_text(encoding="utf-8")
    assert result.code == module.replace("from flow.py:", "from train.ipynb:")


def test_source_as_one_text() -> None:
    cells = [{"cell_type": "code", "source": FLOW}]
    assert of_notebook(json.dumps({"cells": cells, "nbformat": 4})).code == expected()


def test_cells_of_positions() -> None:
    wrong = FLOW.replace("self.end)", "self.stop)")
    (found,) = of_notebook(notebook("# Text", "1 + 1", wrong)).diagnostics
    assert (found.code, found.position.cell, found.position.line) == ("MF111", 3, 25)
    assert as_text([found], "a/train.ipynb").startswith("a/train.ipynb:cell 3:25:9: error MF111")
    row = json.loads(as_json([found], "train.ipynb"))[0]
    assert (row["cell"], row["line"]) == (3, 25)
    shown = as_github([found], "train.ipynb")
    assert shown.startswith("::error file=train.ipynb,title=MF111::cell 3, line 25: ")
    assert "cell" not in json.loads(as_json(translate(wrong).diagnostics, "flow.py"))[0]


def test_cells_of_positions_in_a_file_of_several() -> None:
    head, body = FLOW.replace("self.end)", "self.stop)").split("    @step", 1)
    cells = (f"%%writefile f.py\n{head}", "# Text", f"%%writefile --append f.py\n    @step{body}")
    (found,) = of_notebook(notebook(*cells)).diagnostics
    line = cells[2].split("\n")[found.position.line - 1]
    assert found.position.cell == 3 and "self.stop" in line


OTHER = FLOW.replace("TrainFlow", "OtherFlow")
TWICE = f"%%writefile a.py\n{FLOW}", f"%%writefile b.py\n{FLOW}"

REFUSED: dict[str, tuple[str, str | None, str, int, str]] = {
    "no flow": (notebook("1 + 1"), None, "MF003", 0, "Give the notebook"),
    "no cell": (notebook(), None, "MF003", 0, "Give the notebook"),
    "several": (notebook(FLOW, OTHER), None, "MF004", 2, "Choose one with --flow TrainFlow."),
    "another name": (notebook(FLOW, OTHER), "NoFlow", "MF004", 2, "Choose one with --flow"),
    "one twice": (notebook(*TWICE), None, "MF004", 2, "Delete the cells"),
    "one of them twice": (notebook(*TWICE, OTHER), "TrainFlow", "MF004", 2, "Choose one with"),
    "imports elsewhere": (
        notebook("from metaflow import *", FLOW[FLOW.index("NAMES") :]),
        None,
        "MF003",
        2,
        "Import in the cell",
    ),
    "syntax": (notebook("1", FLOW.replace("sum(", "sum((")), None, "MF002", 2, "Run the flow"),
    "magic": (notebook(f"%run a.py\n{FLOW}"), None, "MF664", 1, "Write in Python"),
    "null": (notebook(FLOW.replace("Grüße", "\0")), None, "MF001", 1, "Give the Python"),
    "nbformat 3": ('{"nbformat": 3, "cells": []}', None, "MF001", 0, "Convert it with"),
    "no nbformat": ('{"cells": []}', None, "MF001", 0, "Save it"),
    "no cells": ('{"nbformat": 4, "x": {"cells": 1}}', None, "MF001", 0, "Save it"),
    "no JSON": (notebook(FLOW)[:-20], None, "MF001", 0, "Save it"),
    "no kind of cell": ('{"nbformat": 4, "cells": [{}]}', None, "MF001", 0, "Save it"),
    "no cell at all": ('{"nbformat": 4, "cells": [1]}', None, "MF001", 0, "Save it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    text, name, code, cell, advice = REFUSED[case]
    result = of_notebook(text, name)
    (found,) = result.diagnostics
    assert (found.code, found.position.cell) == (code, cell)
    assert found.advice.startswith(advice) and result.code is None


#: No notebook of these is one that Jupyter writes.
STRANGE = {
    "a surrogate": notebook(f"%time\ud800\n{FLOW}"),
    "a number as source": '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}',
    "numbers as source": '{"nbformat": 4, "cells": [{"cell_type": "code", "source": [5]}]}',
    "text as cells": '{"nbformat": 4, "cells": "cells"}',
    "nothing as cells": '{"nbformat": 4, "cells": null}',
    "deeply nested": notebook(f"{'(' * 900}{FLOW}"),
    "deeply nested JSON": '{"cells": ' + "[" * 100_000,
    "magics alone": notebook("%%writefile", "%%", "%", "!", "?"),
    "a magic at the end": notebook(f"{FLOW}\n!ls \\"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_strange_notebooks(case: str) -> None:
    """They end in a message, not in a traceback."""
    result = of_notebook(STRANGE[case])
    assert result.diagnostics and (result.code is None or case == "a magic at the end")


def test_a_flow_of_several() -> None:
    assert of_notebook(notebook(FLOW, OTHER), "TrainFlow").code == expected()


def test_python_that_looks_like_a_notebook() -> None:
    """It begins with a brace, and has the word."""
    head = '{"cells": 1}\n'
    assert translate(PLAIN.replace('"""Trains a model."""', head, 1)).diagnostics == ()


def test_code_behind_the_flow() -> None:
    page = (PAGES / "MF665.md").read_text(encoding="utf-8")
    (cell,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    cell = cell.replace('("trained")\n', '("trained")\n        self.next(self.end)\n\n', 1)
    cell = cell.replace(
        "\n\n\ndef report", "    @step\n    def end(self):\n        pass\n\n\ndef report"
    )
    result = of_notebook(notebook(cell))
    (found,) = result.diagnostics
    assert (found.code, found.severity) == ("MF665", Severity.NOTE)
    assert cell.split("\n")[found.position.line - 1] == "def report(run):"
    assert result.code is not None and "report" not in result.code


def test_command_line(tmp_path: Path) -> None:
    file = tmp_path / "train.ipynb"
    file.write_text(notebook("# Text", FLOW), encoding="utf-8-sig")
    done = CliRunner().invoke(main, [str(file)])
    assert done.exit_code == 0 and done.stdout == expected()
