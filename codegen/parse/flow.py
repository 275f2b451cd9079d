"""The flow class: its Parameters, steps and decorators."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Decorator, Flow, Parameter, Step
from codegen.parse.concrete import Statement, comments, paired, trailing
from codegen.parse.module import bound_names, parse_module
from codegen.parse.names import count_characters, mangled, metaflow_names, place, resolve
from codegen.parse.transitions import is_next, transition_of

#: Parameter(name, default, type, help, required, show_default): metaflow/parameters.py.
_PARAMETER_ORDER = ("name", "default", "type", "help", "required", "show_default")


def parse_flow(text: str, filename: str, diagnostics: Diagnostics) -> Flow | None:
    """The one flow that ``text`` defines, or None with the reason among the diagnostics."""
    try:
        abstract = ast.parse(text, filename)
        compile(abstract, filename, "exec", dont_inherit=True)  # checks scopes; runs nothing
    except MemoryError:  # the parser's stack, not the machine's memory
        raise RecursionError from None
    except SyntaxError as error:
        diagnostics.add(
            "MF002",
            Position(error.lineno or 1, max(error.offset or 1, 1)),
            f"{error.msg}",
            "Run the flow with the Python that mf-codegen runs on, and correct what it reports.",
        )
        return None
    count_characters(abstract, text)
    names = metaflow_names(abstract.body)
    flows = _flow_classes(abstract, names)
    if not flows:
        _no_flow(abstract, names, diagnostics)
        return None
    if len(flows) > 1:
        listed = ", ".join(f"{node.name} (line {node.lineno})" for node in flows)
        diagnostics.add(
            "MF004",
            Position(*place(flows[1])),
            f"the file defines several flows: {listed}",
            "Keep one flow in a file.",
        )
        return None
    try:
        concrete = cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        diagnostics.add(
            "MF002",
            Position(error.editor_line, error.editor_column),
            f"{' '.join(error.message.split())}",
            "The syntax is newer than libcst's parser, or nested too deeply for it: "
            "upgrade libcst, or write it another way.",
        )
        return None
    return _Reader(filename, abstract, concrete, flows[0], names, diagnostics).flow()


def _flow_classes(module: ast.Module, names: Mapping[str, str]) -> list[ast.ClassDef]:
    """Top-level classes that derive from FlowSpec, directly or through one another."""
    found: list[ast.ClassDef] = []
    for node in module.body:
        if isinstance(node, ast.ClassDef) and any(
            resolve(base, names) == "metaflow.FlowSpec"
            or (isinstance(base, ast.Name) and base.id in {flow.name for flow in found})
            for base in node.bases
        ):
            found.append(node)
    return found


def _no_flow(module: ast.Module, names: Mapping[str, str], diagnostics: Diagnostics) -> None:
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and any(
            resolve(base, names) == "metaflow.FlowSpec" for base in node.bases
        ):
            diagnostics.add(
                "MF003",
                Position(*place(node)),
                f"{node.name} is defined inside other code",
                "Define the flow at the top level of its file.",
            )
            return
    diagnostics.add(
        "MF003",
        Position(1, 1),
        "the file defines no class that derives from metaflow.FlowSpec",
        "Give the file that defines the flow; FlowSpec must be imported from metaflow in it.",
    )


class _Reader:
    """Reads one flow class; collects into the parts of a ``Flow``."""

    def __init__(
        self,
        filename: str,
        abstract: ast.Module,
        concrete: cst.Module,
        node: ast.ClassDef,
        names: Mapping[str, str],
        diagnostics: Diagnostics,
    ) -> None:
        self.filename = filename
        self.abstract = abstract
        self.concrete = concrete
        self.node = node
        self.names = names
        self.diagnostics = diagnostics
        self.steps: dict[str, Step] = {}
        self.parameters: dict[str, Parameter] = {}
        self.refused: set[str] = set()

    def flow(self) -> Flow:
        """The flow with all its parts."""
        self._bases()
        statement = next(
            statement
            for statement, nodes in paired(self.concrete.body, self.abstract.body)
            if nodes[0] is self.node
        )
        assert isinstance(statement, cst.ClassDef)
        body = statement.body
        lines = body.body if isinstance(body, cst.IndentedBlock) else [_line(body)]
        for member, nodes in paired(lines, self.node.body):
            for node in nodes:
                self._member(member, node)
        footer = comments(body.footer) if isinstance(body, cst.IndentedBlock) else ()
        return Flow(
            name=self.node.name,
            position=Position(*place(self.node)),
            filename=self.filename,
            docstring=ast.get_docstring(self.node),
            steps=self.steps,
            parameters=self.parameters,
            decorators=self._decorators(self.node.decorator_list, None),
            module=parse_module(
                self.concrete, self.abstract, self.node, self.names, self.diagnostics
            ),
            comments=comments(statement.leading_lines) + footer,
            refused=frozenset(self.refused),
        )

    def _bases(self) -> None:
        for base in self.node.bases:
            if resolve(base, self.names) != "metaflow.FlowSpec":
                self._refuse("MF505", base, f"the flow also derives from {ast.unparse(base)}")
        for keyword in self.node.keywords:
            self._refuse("MF505", keyword.value, f"the class takes {keyword.arg or '**keywords'}")

    def _refuse(self, code: str, node: ast.AST, message: str) -> None:
        advice = {
            "MF504": "Move it out of the class, to the top level of the module.",
            "MF505": "Derive from FlowSpec alone, and write what the base brings into the flow.",
        }[code]
        self.diagnostics.add(code, Position(*place(node)), message, advice)
        if code == "MF504":
            self.refused |= bound_names(node)

    def _member(self, member: Statement, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef) and isinstance(member, cst.FunctionDef):
            self._function(member, node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            self._assignment(member, node)
        elif isinstance(node, ast.AsyncFunctionDef):
            if any(self._is_step(decorator) for decorator in node.decorator_list):
                self.diagnostics.add(
                    "MF132",
                    Position(*place(node)),
                    f"step {node.name} is a coroutine, which Metaflow never runs",
                    "Make it a plain function, and run the coroutine inside with asyncio.run.",
                    node.name,
                )
            else:
                self._refuse("MF504", node, f"the method {node.name} is not a step")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            pass  # a docstring, an ellipsis
        elif not isinstance(node, ast.Pass):
            self._refuse("MF504", node, "code in the body of the class is not translated yet")

    def _assignment(self, member: Statement, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        call = node.value
        kind = resolve(call.func, self.names) if isinstance(call, ast.Call) else None
        if not (len(targets) == 1 and isinstance(targets[0], ast.Name)) or kind is None:
            names = ", ".join(ast.unparse(target) for target in targets)
            self._refuse("MF504", node, f"the class attribute {names} is not translated yet")
            return
        assert isinstance(call, ast.Call)
        if kind != "metaflow.Parameter":
            self.refused.add(targets[0].id)
            self.diagnostics.add(
                "MF503",
                Position(*place(call)),
                f"{kind} is not translated yet",
                "Pass the value as a Parameter, or compute it in a step.",
            )
            return
        arguments = self._parameter_arguments(call)
        if arguments is not None:
            attribute = mangled(targets[0].id, self.node.name)
            self.parameters[attribute] = Parameter(
                attribute=attribute,
                position=Position(*place(node)),
                arguments=arguments,
                comments=comments(member.leading_lines) + trailing(member),
            )

    def _parameter_arguments(self, call: ast.Call) -> dict[str, Argument] | None:
        arguments: dict[str, Argument] = {}
        if len(call.args) > len(_PARAMETER_ORDER) or any(
            isinstance(arg, ast.Starred) for arg in call.args
        ):
            self.diagnostics.add(
                "MF122",
                Position(*place(call)),
                "Parameter takes at most six positional arguments, each written out",
                "Give the arguments by name.",
            )
            return None
        for name, value in zip(_PARAMETER_ORDER, call.args, strict=False):
            arguments[name] = Argument(value, Position(*place(value)))
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in arguments:
                self.diagnostics.add(
                    "MF301" if keyword.arg is None else "MF122",
                    Position(*place(keyword.value)),
                    "the arguments of this Parameter cannot be told apart",
                    "Write each argument of the Parameter once, by name.",
                )
                return None
            arguments[keyword.arg] = Argument(keyword.value, Position(*place(keyword.value)))
        return arguments

    def _is_step(self, decorator: ast.expr) -> bool:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        return resolve(target, self.names) == "metaflow.step"

    def _function(self, member: cst.FunctionDef, node: ast.FunctionDef) -> None:
        marks = [decorator for decorator in node.decorator_list if self._is_step(decorator)]
        if not marks:
            self._refuse("MF504", node, f"the method {node.name} is not a step")
            return
        inner = node.decorator_list[node.decorator_list.index(marks[0]) + 1 :]
        for decorator in inner:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if resolve(target, self.names):
                self.diagnostics.add(
                    "MF120",
                    Position(*place(decorator)),
                    f"@{ast.unparse(target)} stands below @step, which must come last",
                    "Move @step directly above the function.",
                    node.name,
                )
        options = self._step_options(marks[0], node.name)
        last = node.body[-1]
        transition = transition_of(last) if is_next(last) else None
        self.steps[node.name] = Step(
            name=node.name,
            position=Position(node.lineno, node.col_offset + 1),
            node=node,
            cst=member,
            decorators=self._decorators(
                [decorator for decorator in node.decorator_list if decorator not in marks],
                node.name,
            ),
            transition=transition,
            invalid_next=(Position(*place(last)) if is_next(last) and transition is None else None),
            annotated_start=options.get("start", False),
            annotated_end=options.get("end", False),
            comments=_step_comments(member),
        )

    def _step_options(self, decorator: ast.expr, step: str) -> dict[str, bool]:
        """``start`` and ``end`` of ``@step(start=True)``."""
        options: dict[str, bool] = {}
        if not isinstance(decorator, ast.Call):
            return options
        for keyword in decorator.keywords:
            if keyword.arg in ("start", "end") and isinstance(keyword.value, ast.Constant):
                options[keyword.arg] = bool(keyword.value.value)
            else:
                self.diagnostics.add(
                    "MF120",
                    Position(*place(keyword.value)),
                    f"@step({keyword.arg or '**'}=…) is not known",
                    "@step takes start=True and end=True, written out.",
                    step,
                )
        if decorator.args:
            self.diagnostics.add(
                "MF120",
                Position(*place(decorator)),
                "@step takes no positional arguments",
                "@step takes start=True and end=True, by name.",
                step,
            )
        return options

    def _decorators(self, nodes: Sequence[ast.expr], step: str | None) -> tuple[Decorator, ...]:
        found: list[Decorator] = []
        for node in nodes:
            where = Position(*place(node))
            target = node.func if isinstance(node, ast.Call) else node
            dotted = resolve(target, self.names)
            if dotted is None:
                self.diagnostics.add(
                    "MF502",
                    where,
                    f"@{ast.unparse(target)} is not one of Metaflow's decorators",
                    "Remove it, or do in the body what it does.",
                    step,
                )
                continue
            name = dotted.removeprefix("metaflow.")
            arguments = self._arguments(node, name, step) if isinstance(node, ast.Call) else {}
            if name in {decorator.name for decorator in found}:
                self.diagnostics.add(
                    "MF120",
                    where,
                    f"@{name} is given twice",
                    "Keep one of them.",
                    step,
                )
                continue
            found.append(Decorator(name, where, arguments))
        return tuple(found)

    def _arguments(self, call: ast.Call, name: str, step: str | None) -> dict[str, Argument]:
        arguments: dict[str, Argument] = {}
        for value in call.args:
            self.diagnostics.add(
                "MF120",
                Position(*place(value)),
                f"@{name} takes its arguments by name only",
                f"Write @{name}(attribute=value).",
                step,
            )
        for keyword in call.keywords:
            where = Position(*place(keyword.value))
            if keyword.arg is None:
                self.diagnostics.add(
                    "MF301",
                    where,
                    f"the arguments of @{name} cannot be known from the source",
                    "Write each argument out, by name.",
                    step,
                )
            else:
                arguments[keyword.arg] = Argument(keyword.value, where)
        return arguments


def _line(suite: cst.BaseSuite) -> cst.SimpleStatementLine:
    """The statements behind ``class F(FlowSpec):`` on one line, as a line of their own."""
    assert isinstance(suite, cst.SimpleStatementSuite)
    return cst.SimpleStatementLine(suite.body)


def _step_comments(function: cst.FunctionDef) -> tuple[str, ...]:
    """Comments above a step, between its decorators and behind them."""
    found = list(comments(function.leading_lines))
    for decorator in function.decorators:
        found += comments(decorator.leading_lines)
        if decorator.trailing_whitespace.comment:
            found.append(decorator.trailing_whitespace.comment.value)
    return (*found, *comments(function.lines_after_decorators))
