"""The flows of a file: their classes, the order of their bases, and what comes of both."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import libcst as cst

from codegen.diagnostics import Diagnostics, Position
from codegen.model import (
    Constant,
    Decorator,
    Flow,
    FlowClass,
    Helper,
    IncludeFile,
    ModuleCode,
    NestedClass,
    Parameter,
    Step,
)
from codegen.parse.classes import Bound, ClassBody, read_class
from codegen.parse.concrete import paired
from codegen.parse.configs.apply import Configuration, configured
from codegen.parse.configs.constant import config_constant
from codegen.parse.configs.declared import Declared
from codegen.parse.configs.given import ConfigOptions
from codegen.parse.decorators import REPEATABLE
from codegen.parse.imports import needing_metaflow
from codegen.parse.inheritance import Hierarchy, Order
from codegen.parse.module import Cut, read_part
from codegen.parse.mutators.apply import Around, Defined, Parts, mutated
from codegen.parse.mutators.use import Mutators, Use, misplaced, report_mentions
from codegen.parse.names import count_characters, metaflow_names, place, resolve
from codegen.parse.packages import local_modules
from codegen.parse.parsers import parser_imports
from codegen.parse.siblings import Class, Siblings, Source
from codegen.parse.together import together

_M = TypeVar("_M", Step, Parameter, Helper, Constant, NestedClass)


@dataclass(frozen=True)
class Parsed:
    """The flows that are to be translated, which have the same module code, and the ``texts`` of
    all files that it stems from; ``siblings`` are the modules beside the flow."""

    flows: tuple[Flow, ...]
    texts: tuple[str, ...]
    siblings: Siblings


def parse_flows(
    text: str,
    filename: str,
    diagnostics: Diagnostics,
    folder: Path | None = None,
    name: str | None = None,
    drop: Collection[str] = (),
    files: Sequence[tuple[str, str]] = (),
    values: Sequence[tuple[str, str]] = (),
    keep: bool = False,
) -> Parsed | None:
    """The flows that ``text`` defines, or None with the reason among the diagnostics.

    Modules beside the flow are looked for in ``folder``; ``name`` picks one flow, and ``drop``
    names decorators that do not count. ``files`` and ``values`` are given to Configs by name.
    Metaflow's client may stay if it is to ``keep``.
    """
    abstract = _tree(text, filename, diagnostics)
    if abstract is None:
        return None
    siblings = Siblings(text, abstract, folder)
    hierarchy = Hierarchy(siblings)
    flows = hierarchy.flows()
    if not flows:
        _no_flow(abstract, diagnostics)
        return None
    chosen = _chosen(flows, hierarchy, name, diagnostics)
    if chosen is None:
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
    options = ConfigOptions(files, values, folder)
    reader = _Reader(filename, siblings, hierarchy, concrete, drop, options, keep, diagnostics)
    return reader.parsed(flows, chosen)


def parse_flow(
    text: str, filename: str, diagnostics: Diagnostics, folder: Path | None = None
) -> Flow | None:
    """The one flow that ``text`` defines, or None with the reason among the diagnostics."""
    parsed = parse_flows(text, filename, diagnostics, folder)
    if parsed is None:
        return None
    if len(parsed.flows) > 1:
        report_several(parsed.flows, "a single one is wanted", diagnostics)
        return None
    return parsed.flows[0]


def report_several(flows: Sequence[Flow], why: str, diagnostics: Diagnostics) -> None:
    """Say that the flows of a file cannot go together, and ``why``."""
    listed = ", ".join(f"{flow.name} (line {flow.position.line})" for flow in flows)
    diagnostics.add(
        "MF004",
        flows[1].position,
        f"the file defines several flows: {listed}; {why}",
        f"Choose one with --flow {flows[0].name}.",
    )


def _tree(text: str, filename: str, diagnostics: Diagnostics) -> ast.Module | None:
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
    return abstract


def _no_flow(module: ast.Module, diagnostics: Diagnostics) -> None:
    names = metaflow_names(module.body)
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


def _chosen(
    flows: Sequence[Class], hierarchy: Hierarchy, name: str | None, diagnostics: Diagnostics
) -> list[Class] | None:
    """The flow of this name, else all that are not there to be the base of another one."""
    if name is None:
        return hierarchy.runnable(flows)
    named = [flow for flow in flows if flow.node.name == name]
    if not named:
        listed = ", ".join(f"{flow.node.name} (line {flow.node.lineno})" for flow in flows)
        diagnostics.add(
            "MF004",
            Position(1, 1),
            f"the file defines no flow {name}, but {listed}",
            "Give the name of one of these with --flow.",
        )
        return None
    return named[-1:]


class _Reader:
    """Reads the classes of the flows, and the code around them."""

    def __init__(
        self,
        filename: str,
        siblings: Siblings,
        hierarchy: Hierarchy,
        concrete: cst.Module,
        drop: Collection[str],
        options: ConfigOptions,
        keep: bool,
        diagnostics: Diagnostics,
    ) -> None:
        self.filename = filename
        self.keep = keep
        self.siblings = siblings
        self.hierarchy = hierarchy
        self.own = concrete
        self.drop = drop
        self.options = options
        self.diagnostics = diagnostics
        self.mutators = Mutators(siblings)
        self.bodies: dict[Class, ClassBody] = {}

    def parsed(self, flows: Sequence[Class], chosen: Sequence[Class]) -> Parsed | None:
        """The chosen ones of these flows; None if their bases cannot be known."""
        orders = [self.hierarchy.order(flow) for flow in chosen]
        inlined = needing_metaflow(self.siblings)
        for order in orders:
            for problem in order.problems:
                where = Position(*place(problem.node))
                self.diagnostics.add("MF505", where, problem.message, problem.advice)
        for found in dict.fromkeys(each for order in orders for each in reversed(order.classes)):
            body = self._body(found)
            report_mentions(found, self.mutators, self.diagnostics)
            if body is not None:
                self.bodies[found] = body
        if any(order.problems or set(order.classes) - set(self.bodies) for order in orders):
            return None
        sources = (*inlined, self.siblings.flow)
        classes = {
            found.node for order in orders for found in order.classes if found.source in sources
        }
        classes |= {flow.node for flow in flows}
        classes |= {
            node
            for source in sources
            for node in source.abstract.body
            if isinstance(node, ast.ClassDef) and self.hierarchy.is_flow(Class(source, node))
        }
        classes |= {
            mutator.line[0].node for source in sources for mutator in self.mutators.within(source)
        }
        names = frozenset(flow.node.name for flow in flows)
        cut = Cut(frozenset(classes), names, inlined, self.keep)
        code = self._code(sources, cut)
        if code is None:
            return None
        roots = [*code.kept, *(found.node for order in orders for found in order.classes)]
        groups = [group for body in self.bodies.values() for group in body.attributes.values()]
        files = [found for group in groups for found in group if isinstance(found, IncludeFile)]
        roots += parser_imports(files, self.siblings, self.filename, self.diagnostics)
        code = replace(
            code, keep=self.keep, beside=local_modules(roots, self.siblings, self.diagnostics)
        )
        read = [self._flow(order, sources, cut, code) for order in orders]
        if None in read:
            return None
        return Parsed(
            tuple(flow for flow in read if flow is not None),
            tuple(source.text for source in sources),
            self.siblings,
        )

    def _code(self, sources: Sequence[Source], cut: Cut) -> ModuleCode | None:
        parts = []
        for source in sources:
            concrete = self._concrete(source)
            if concrete is not None:
                part = read_part(source, concrete, self.siblings, cut, self.diagnostics)
                parts.append(part)
        if len(parts) < len(sources):
            return None
        return together(parts, self.filename, self.diagnostics)

    def _concrete(self, source: Source) -> cst.Module | None:
        if source is self.siblings.flow:
            return self.own
        found = self.siblings.concrete(source)
        if isinstance(found, cst.Module):
            return found
        self.diagnostics.add(
            "MF505",
            Position(1, 1, source.file),
            f"{source.file} cannot be read: {found}",
            "Correct the module that the flow imports.",
        )
        return None

    def _body(self, found: Class) -> ClassBody | None:
        concrete = self._concrete(found.source)
        if concrete is None:
            return None
        statement = next(
            statement
            for statement, nodes in paired(concrete.body, found.source.abstract.body)
            if nodes[0] is found.node
        )
        assert isinstance(statement, cst.ClassDef)
        return read_class(
            found.node, statement, found.source, self.mutators, self.drop, self.diagnostics
        )

    def _flow(
        self, order: Order, sources: Sequence[Source], cut: Cut, code: ModuleCode
    ) -> Flow | None:
        flow = order.classes[0]
        bodies = [self.bodies[found] for found in order.classes]
        attributes = _attributes(bodies)
        members = [found for group in attributes.values() for found in group]
        parts = Parts(
            steps={step.name: step for step in _only(Step, members)},
            parameters={found.attribute: found for found in _only(Parameter, members)},
            decorators=self._decorators(order),
        )
        defined = self._defined(order, parts)
        around = Around(self.mutators, sources, cut.classes, self.drop)
        frozen = configured(
            parts,
            defined,
            {found: self.bodies[found].attributes for found in order.classes},
            around,
            Configuration(self.options, self._config_names(), code.generators),
            Position(*place(flow.node)),
            self.diagnostics,
        )
        if frozen is None:
            return None
        changed = mutated(frozen.parts, frozen.defined, frozen.configs, around, self.diagnostics)
        if changed is None:
            return None
        constants = {name: config_constant(found) for name, found in frozen.configs.items()}
        return Flow(
            name=flow.node.name,
            position=Position(*place(flow.node)),
            filename=self.filename,
            docstring=bodies[0].docstring,
            steps=changed.steps,
            parameters=changed.parameters,
            decorators=changed.decorators,
            module=code,
            classes=tuple(self._class(found, sources, constants) for found in order.classes),
            helpers={m.name: m for m in _only(Helper, members) if m.role in ("", "getter")},
            setters={m.name: m for m in _only(Helper, members) if m.role == "setter"},
            constants={m.name: m for m in (*_only(Constant, members), *constants.values())},
            nested={m.name: m for m in _only(NestedClass, members)},
            comments=tuple(
                line
                for found, body in zip(reversed(order.classes), reversed(bodies), strict=True)
                if found.source in sources
                for line in body.comments
            ),
            refused=frozenset(name for body in bodies for name in body.refused),
            configs=frozen.configs,
            configs_first=any((*defined.steps.values(), *defined.flows.values())),
        )

    def _config_names(self) -> set[str]:
        """The names of the Configs of all flows that are read, as far as they are literals."""
        return {
            argument.node.value
            for body in self.bodies.values()
            for group in body.attributes.values()
            for found in group
            if isinstance(found, Declared) and (argument := found.arguments.get("name"))
            if isinstance(argument.node, ast.Constant) and isinstance(argument.node.value, str)
        }

    def _defined(self, order: Order, parts: Parts) -> Defined:
        """Where the flow has what mutators see of it."""
        owners: dict[str, Class] = {}
        steps: dict[str, tuple[Use, ...]] = {}
        for found in reversed(order.classes):
            body = self.bodies[found]
            owners.update(dict.fromkeys(body.attributes, found))
            steps.update({n: body.step_mutators.get(n, ()) for n in body.attributes})
            if found not in order.flows:
                where, advice = f"above {found.node.name}, which is no flow", "Move it to the flow."
                misplaced(body.mutators, where, advice, None, self.diagnostics)
        return Defined(
            name=order.classes[0].node.name,
            classes=order.classes,
            owners=owners,
            steps={name: uses for name, uses in steps.items() if name in parts.steps},
            flows={found: self.bodies[found].mutators for found in order.flows},
            own=frozenset(self.bodies[order.classes[0]].attributes),
            inherited=frozenset(
                name for found in order.classes[1:] for name in self.bodies[found].attributes
            ),
            members=frozenset(owners),
        )

    def _class(
        self, found: Class, sources: Collection[Source], configs: Mapping[str, Constant]
    ) -> FlowClass:
        body = self.bodies[found]
        own = [config for config in configs.values() if config.owner == body.name]
        bases = tuple(
            base.node.name if base.source in sources else ast.unparse(expression)
            for expression, base in zip(found.node.bases, self.hierarchy.bases(found), strict=True)
            if isinstance(base, Class)
        )
        return FlowClass(
            name=body.name,
            bases=bases,
            members=tuple(
                sorted((*body.members, *own), key=lambda member: member.position)
                if own
                else body.members
            ),
            steps=body.steps,
            imported=found.source not in sources,
            root=self.hierarchy.is_root(found),
        )

    def _decorators(self, order: Order) -> tuple[Decorator, ...]:
        """Those of the bases, then the flow's own, each from the bottom up as Python applies
        them. Own ones take the place of those that may be there several times."""
        found: list[Decorator] = []
        own = {decorator.name for decorator in self.bodies[order.classes[0]].decorators}
        for each in (*order.classes[1:], order.classes[0]):
            for decorator in reversed(self.bodies[each].decorators):
                name = decorator.name
                if each not in order.flows:
                    text = f"@{name} stands above {each.node.name}, which is no flow"
                    self._refuse(decorator, text, "Move it above the flow.")
                elif name not in REPEATABLE and name in {other.name for other in found}:
                    text = f"@{name} is given twice: to {order.classes[0].node.name} and to a base"
                    self._refuse(decorator, text, "Keep one of them.")
                elif name in own & REPEATABLE and each is not order.classes[0]:
                    self.diagnostics.add(
                        "MF643",
                        decorator.position,
                        f"this @{name} does nothing: {order.classes[0].node.name} has its own, "
                        "which Metaflow takes in its place",
                        f"Repeat what it does above {order.classes[0].node.name}, or remove it.",
                    )
                else:
                    found.append(decorator)
        return tuple(found)

    def _refuse(self, decorator: Decorator, message: str, advice: str) -> None:
        self.diagnostics.add("MF120", decorator.position, message, advice)


def _attributes(
    bodies: Sequence[ClassBody],
) -> Mapping[str, tuple[Bound, ...]]:
    """What Python finds under each name: what the first of the classes binds it to. Those of
    bases come first; what takes the place of a thing of the same kind stands in its place."""
    found: dict[str, tuple[Bound, ...]] = {}
    for body in reversed(bodies):
        for name, group in body.attributes.items():
            if name in found and [type(one) for one in found[name]] != [type(one) for one in group]:
                del found[name]
            found[name] = group
    return found


def _only(kind: type[_M], members: Sequence[Bound]) -> list[_M]:
    return [member for member in members if isinstance(member, kind)]
