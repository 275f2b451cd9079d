"""Text in, text out: what each golden flow becomes, and that it is well-formed Python."""

import difflib

import black
import pytest

from tests.cases import Case, cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_golden(case: Case) -> None:
    code, messages = case.translated()
    found = {case.module: code, case.messages: messages or None}
    for file, text in found.items():
        expected = file.read_text(encoding="utf-8") if file.exists() else None
        if text != expected:
            lines = difflib.unified_diff(
                (expected or "").splitlines(), (text or "").splitlines(), lineterm=""
            )
            listing = "\n".join(lines)
            pytest.fail(
                f"{file.name} of {case.name} changed; if that is meant, run "
                f"python -m tests.cases\n{listing}"
            )


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_black_stable(case: Case) -> None:
    if case.module.exists():
        code = case.module.read_text(encoding="utf-8")
        assert black.format_str(code, mode=black.Mode()) == code
        compile(code, "flyte_wf.py", "exec")
