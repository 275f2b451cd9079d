"""Small flows as text, and what the stages make of them."""

import ast
import textwrap

from codegen import translate
from codegen.analyse.body import BodyFacts, analyse_bodies
from codegen.analyse.mutation import Mutations
from codegen.analyse.scope import module_scope
from codegen.analyse.types import artifact_kinds
from codegen.diagnostics import Diagnostic, Diagnostics, Severity
from codegen.model import Flow
from codegen.parse import parse_flow

_IMPORTS = "from metaflow import FlowSpec, JSONType, Parameter, step"


def flow_source(*bodies: str, head: str = "", members: str = "", imports: str = _IMPORTS) -> str:
    """A linear flow whose steps `start`, `s1`, `s2`, …, `end` have these bodies."""
    names = ["start", *(f"s{i}" for i in range(1, len(bodies) - 1)), "end"]
    assert len(bodies) >= 2
    lines = [imports, textwrap.dedent(head).strip("\n"), "", "", "class TheFlow(FlowSpec):"]
    if members:
        lines.append(textwrap.indent(textwrap.dedent(members).strip("\n"), "    "))
    for i, body in enumerate(bodies):
        text = textwrap.dedent(body).strip("\n") or "pass"
        if i + 1 < len(bodies):
            text += f"\nself.next(self.{names[i + 1]})"
        lines += ["    @step", f"    def {names[i]}(self):", textwrap.indent(text, "        "), ""]
    return "\n".join([*lines, 'if __name__ == "__main__":', "    TheFlow()", ""])


def graph_source(*steps: str, head: str = "", members: str = "", imports: str = _IMPORTS) -> str:
    """A flow of any graph: each step is `name: body` or, for a join, `name/inputs: body`.

    A body is statements as they stand in a step; a last line `> a, b` is short for
    `self.next(self.a, self.b)`, and `> a * x` for a foreach over `x`.
    """
    lines = [imports, textwrap.dedent(head).strip("\n"), "", "", "class TheFlow(FlowSpec):"]
    if members:
        lines.append(textwrap.indent(textwrap.dedent(members).strip("\n"), "    "))
    for step in steps:
        name, _, body = step.partition(":")
        name, _, argument = name.partition("/")
        text = textwrap.dedent(body.strip(" ")).strip("\n") or "pass"
        last = text.splitlines()[-1]
        if last.startswith("> "):
            targets, _, items = last[2:].partition(" * ")
            given = ", ".join(f"self.{target}" for target in targets.split(", "))
            given += f", foreach={items!r}" if items else ""
            text = text[: -len(last)] + f"self.next({given})"
        arguments = f"self, {argument}" if argument else "self"
        lines += ["    @step", f"    def {name}({arguments}):", textwrap.indent(text, "        ")]
        lines.append("")
    return "\n".join([*lines, 'if __name__ == "__main__":', "    TheFlow()", ""])


def parsed(source: str) -> Flow:
    """The flow in a source that must be one."""
    diagnostics = Diagnostics()
    flow = parse_flow(source, "flow.py", diagnostics)
    assert flow is not None, diagnostics.found
    return flow


def errors(source: str) -> list[Diagnostic]:
    """The errors that the translator finds in a source."""
    found = translate(source, "flow.py").diagnostics
    return [message for message in found if message.severity is Severity.ERROR]


def codes(source: str) -> list[str]:
    """The codes of all messages about a source, sorted."""
    return sorted(found.code for found in translate(source, "flow.py").diagnostics)


def module(source: str) -> str:
    """The module that a source becomes, which must be accepted."""
    result = translate(source, "flow.py")
    assert result.code is not None, result.diagnostics
    return result.code


def task(source: str, name: str) -> str:
    """The body of the task of a step, at the margin."""
    code = module(source)
    tree = ast.parse(code)
    found = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    lines = code.splitlines()
    first = found.body[0]
    decorators = getattr(first, "decorator_list", [])
    start = min([first.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while lines[start - 1].strip().startswith("#"):
        start -= 1
    return textwrap.dedent("\n".join(lines[start : found.end_lineno]))


def facts(body: str, *, end: bool = False, head: str = "", members: str = "") -> BodyFacts:
    """What the body of a step does; it is the last step if `end`."""
    bodies = ("pass", body) if end else (body, "pass")
    flow = parsed(flow_source(*bodies, head=head, members=members))
    scope = module_scope(flow.module.kept)
    found, _ = analyse_bodies(flow, "end", scope, Diagnostics())
    return found["end" if end else "start"]


def changed(before: str, body: str, *, head: str = "", members: str = "") -> set[str]:
    """The artifacts that a step may change in place, after a step with the body `before`."""
    flow = parsed(flow_source(before, body, "pass", head=head, members=members))
    scope = module_scope(flow.module.kept)
    steps = list(flow.steps.values())
    kinds = artifact_kinds(flow, steps, scope, dict.fromkeys(flow.parameters))
    _, helpers = analyse_bodies(flow, "end", scope, Diagnostics())
    found = Mutations(flow, steps, scope, helpers).changed(flow.steps["s1"], kinds)
    return set(found) - {"next", *flow.steps}  # self.next(self.end) is no artifact's doing


def kinds(*bodies: str, head: str = "", members: str = "") -> dict[str, str]:
    """The artifacts of a flow that are proven to have a native type."""
    flow = parsed(flow_source(*bodies, head=head, members=members))
    scope = module_scope(flow.module.kept)
    return artifact_kinds(flow, list(flow.steps.values()), scope, dict.fromkeys(flow.parameters))
