"""One class of a flow: its Parameters, steps and other members."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.model import Argument, Decorator, IncludeFile, Member, Parameter, Step
from codegen.parse.concrete import Statement, behind, comments, paired, trailing
from codegen.parse.configs.declared import CONFIG_ORDER, Declared
from codegen.parse.decorators import DecoratorReader
from codegen.parse.literal import plain_attributes
from codegen.parse.members import Members
from codegen.parse.module import bound_names
from codegen.parse.mutators.use import MutatorKind, Mutators, Use, misplaced, split_uses
from codegen.parse.names import binds, mangled, place, resolve
from codegen.parse.siblings import Source
from codegen.parse.table import INCLUDE_FILE_ORDER, PARAMETER_ORDER
from codegen.parse.transitions import is_next, transition_of

#: What the body of a class calls for a Parameter or a Config, with the order of its arguments.
_PARAMETERS: Mapping[str, tuple[type[Parameter] | type[Declared], Sequence[str]]] = {
    "metaflow.Parameter": (Parameter, PARAMETER_ORDER),
    "metaflow.IncludeFile": (IncludeFile, INCLUDE_FILE_ORDER),
    "metaflow.Config": (Declared, CONFIG_ORDER),
}


#: What the body of a class binds a name to.
Bound = Step | Parameter | Member | Declared


@dataclass(frozen=True)
class ClassBody:
    """What one class itself defines. ``attributes`` has every name that the class binds, in the
    order of the source, with what it is bound to in the end: nothing where that is refused.
    ``mutators`` are those of the class, ``step_mutators`` those of its steps by name."""

    name: str
    docstring: str | None
    attributes: Mapping[str, tuple[Bound, ...]]
    members: tuple[Member, ...]
    decorators: tuple[Decorator, ...]
    comments: tuple[str, ...]
    refused: frozenset[str]
    mutators: tuple[Use, ...]
    step_mutators: Mapping[str, tuple[Use, ...]]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in the order of the source."""
        return tuple(
            found
            for group in self.attributes.values()
            for found in group
            if isinstance(found, Step)
        )


def read_class(
    node: ast.ClassDef,
    statement: cst.ClassDef,
    source: Source,
    mutators: Mutators,
    drop: Collection[str],
    diagnostics: Diagnostics,
) -> ClassBody:
    """The body of a class in a module."""
    return _ClassReader(node, source, mutators, drop, diagnostics).read(statement)


class _ClassReader:
    """Reads one class; collects into the parts of a ``ClassBody``."""

    def __init__(
        self,
        node: ast.ClassDef,
        source: Source,
        mutators: Mutators,
        drop: Collection[str],
        diagnostics: Diagnostics,
    ) -> None:
        self.node = node
        self.source = source
        self.mutators = mutators
        self.names = mutators.siblings.names(source)
        self.diagnostics = diagnostics
        self.decorators = DecoratorReader(self.names, drop, diagnostics)
        self.step_mutators: dict[str, tuple[Use, ...]] = {}
        self.attributes: dict[str, list[Bound]] = {}
        self.members = Members(node.name, diagnostics)
        self.rebound = frozenset(n for each in source.abstract.body for n in bound_names(each))

    def read(self, statement: cst.ClassDef) -> ClassBody:
        """The class with all its parts."""
        body = statement.body
        lines = body.body if isinstance(body, cst.IndentedBlock) else [_line(body)]
        for member, nodes in paired(lines, self.node.body):
            for node in nodes:
                known = len(self.members.found)
                self._bind(node)
                self._member(member, node)
                for found in self.members.found[known:]:
                    self._add(found, found.name)
        own, uses = self._split(self.decorators.left(self.node.decorator_list, None))
        of_steps = [use for use in uses if use.mutator.kind is not MutatorKind.FLOW]
        misplaced(of_steps, "above a class", "Move it above a step.", None, self.diagnostics)
        footer = comments(body.footer) if isinstance(body, cst.IndentedBlock) else ()
        return ClassBody(
            name=self.node.name,
            docstring=ast.get_docstring(self.node),
            attributes={name: tuple(group) for name, group in self.attributes.items()},
            members=tuple(self.members.found),
            decorators=self.decorators.read(own, None),
            comments=comments(statement.leading_lines) + footer,
            refused=frozenset(self.members.refused),
            mutators=tuple(use for use in uses if use not in of_steps),
            step_mutators=self.step_mutators,
        )

    def _split(self, decorators: Sequence[ast.expr]) -> tuple[list[ast.expr], list[Use]]:
        """Decorators without the mutators among them, and these."""
        return split_uses(decorators, self.mutators, self.source)

    def _bind(self, node: ast.stmt) -> None:
        """Forget what the names of a statement were bound to; parts of a property belong
        together."""
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return  # a declaration
        part = isinstance(node, ast.FunctionDef) and any(
            isinstance(mark, ast.Attribute)
            and isinstance(mark.value, ast.Name)
            and mark.value.id == node.name
            for mark in node.decorator_list
        )
        for name in binds(node):
            if not part:
                self.attributes[mangled(name, self.node.name)] = []

    def _add(self, found: Bound, name: str) -> None:
        self.attributes.setdefault(name, []).append(found)

    def _member(self, member: Statement, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef) and isinstance(member, cst.FunctionDef):
            self._function(member, node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            self._assignment(member, node)
        elif isinstance(node, ast.AsyncFunctionDef):
            if any(self.decorators.is_step(decorator) for decorator in node.decorator_list):
                self.diagnostics.add(
                    "MF132",
                    Position(*place(node)),
                    f"step {node.name} is a coroutine, which Metaflow never runs",
                    "Make it a plain function, and run the coroutine inside with asyncio.run.",
                    node.name,
                )
            else:
                self.members.function(member, node)
        elif isinstance(node, ast.ClassDef):
            self.members.nested(member, node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            pass  # a docstring, an ellipsis
        elif not isinstance(node, ast.Pass):
            self.members.refuse(
                node,
                "code in the body of the class that is neither a function nor a constant",
                "Move it out of the class, to the top level of the module.",
            )

    def _assignment(self, member: Statement, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        call = node.value
        kind = resolve(call.func, self.names) if isinstance(call, ast.Call) else None
        if kind in (None, "metaflow.config_expr"):
            self.members.constant(member, node)
            return
        if len(targets) > 1 or not isinstance(targets[0], ast.Name):
            self.members.refuse(
                node,
                f"{kind} is given to several names, or to something else than a name",
                "Give it to one name.",
            )
            return
        assert isinstance(call, ast.Call)
        if kind not in _PARAMETERS:
            self.members.refused.add(targets[0].id)
            self.diagnostics.add(
                "MF503",
                Position(*place(call)),
                f"{kind} is not translated yet",
                "Pass the value as a Parameter, or compute it in a step.",
            )
            return
        type_, order = _PARAMETERS[kind]
        arguments = self._parameter_arguments(call, kind.rpartition(".")[2], order)
        if arguments is not None:
            attribute = mangled(targets[0].id, self.node.name)
            found = type_(
                attribute=attribute,
                position=Position(*place(node)),
                arguments=arguments,
                comments=comments(member.leading_lines) + trailing(member),
            )
            self._add(found, attribute)

    def _parameter_arguments(
        self, call: ast.Call, kind: str, order: Sequence[str]
    ) -> dict[str, Argument] | None:
        arguments: dict[str, Argument] = {}
        if len(call.args) > len(order) or any(isinstance(arg, ast.Starred) for arg in call.args):
            self.diagnostics.add(
                "MF122",
                Position(*place(call)),
                f"{kind} takes at most {len(order)} positional arguments, each written out",
                "Give the arguments by name.",
            )
            return None
        for name, value in zip(order, call.args, strict=False):
            arguments[name] = Argument(value, Position(*place(value)))
        for number, keyword in enumerate(call.keywords):
            if keyword.arg is not None and keyword.arg in arguments:
                self.diagnostics.add(
                    "MF122",
                    Position(*place(keyword.value)),
                    f"the arguments of this {kind} cannot be told apart",
                    f"Write each argument of the {kind} once, by name.",
                )
                return None
            name = keyword.arg or f"**{number}"  # see configs/apply.py
            arguments[name] = Argument(keyword.value, Position(*place(keyword.value)))
        return arguments

    def _function(self, member: cst.FunctionDef, node: ast.FunctionDef) -> None:
        marks = [mark for mark in node.decorator_list if self.decorators.is_step(mark)]
        if not marks:
            _, uses = self._split(node.decorator_list)
            where, advice = f"above {node.name}, which is no step", "Write @step below it."
            misplaced(uses, where, advice, None, self.diagnostics)
            self.members.function(member, node)
            return
        if not self.rebound & {"delattr", "setattr"}:
            node, member = plain_attributes(node, member)
        decorators = self.decorators.left(node.decorator_list, node.name)
        below = decorators[decorators.index(marks[0]) + 1 :]
        decorators, uses = self._split(decorators)
        late = [use for use in uses if use.node in below]
        misplaced(late, "below @step", "Move it above @step.", node.name, self.diagnostics)
        of_flows = [use for use in uses if use.mutator.kind is not MutatorKind.STEP]
        advice = "Move it above the flow's class."
        misplaced(of_flows, "above a step", advice, node.name, self.diagnostics)
        for decorator in below:
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
        found = Step(
            name=node.name,
            position=Position(*place(node)),
            node=node,
            cst=member,
            owner=self.node.name,
            decorators=self.decorators.read(
                [decorator for decorator in decorators if decorator not in marks], node.name
            ),
            transition=transition,
            invalid_next=(Position(*place(last)) if is_next(last) and transition is None else None),
            annotated_start=options.get("start", False),
            annotated_end=options.get("end", False),
            comments=_step_comments(member),
            wrappers=self.decorators.wrappers(decorators),
        )
        self.attributes[node.name] = [found]
        self.step_mutators[node.name] = tuple(use for use in uses if use not in of_flows)

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


def _line(suite: cst.BaseSuite) -> cst.SimpleStatementLine:
    """The statements behind ``class F(FlowSpec):`` on one line, as a line of their own."""
    assert isinstance(suite, cst.SimpleStatementSuite)
    return cst.SimpleStatementLine(suite.body)


def _step_comments(function: cst.FunctionDef) -> tuple[str, ...]:
    """Comments above a step, between its decorators and behind them."""
    found = list(comments(function.leading_lines))
    for decorator in function.decorators:
        found += comments(decorator.leading_lines)
        found += behind(decorator.trailing_whitespace)
    return (*found, *comments(function.lines_after_decorators))
