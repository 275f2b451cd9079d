"""Members of the flow's class: functions and constants of the module where no step needs the
flow as an object, else a class like the flow's own, without its steps and Parameters."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import libcst as cst

from codegen.analyse.body import OTHERS
from codegen.analyse.dataflow import Dataflow
from codegen.lower.names import Names
from codegen.model import Config, Constant, Flow, FlowClass, Helper, Member, MemberKind
from codegen.parse.concrete import code
from codegen.parse.configs.constant import config_expression
from codegen.parse.names import mangled, source_name
from codegen.symbols import Symbols


class Members:
    """What becomes of the members, as far as the steps use them.

    ``texts`` maps the names of those that steps can use without an object to expressions,
    ``locals`` those constants that each task evaluates for itself to theirs. ``code`` stands
    behind the user's own code in the module.
    """

    def __init__(self, flow: Flow, dataflow: Dataflow, names: Names, symbols: Symbols) -> None:
        self.flow = flow
        self.dataflow = dataflow
        self.names = names
        self.symbols = symbols
        steps = dataflow.steps.values()
        objects = [step for step in steps if step.reasons]
        self.objects = bool(objects)
        everything = flow.members if any(s.facts.open_reads for s in steps) else frozenset()
        used = frozenset().union(everything, *(step.facts.used for step in steps))
        self.used = self._completed(used)
        plain = [step for step in steps if not step.reasons]
        self.plain = frozenset().union(*(step.facts.used for step in plain))
        #: Configs that some steps may change: the class cannot have the only one.
        self.copied = frozenset().union(*dataflow.copied.values()) & self.used
        self.texts: Mapping[str, str] = self._texts()
        self.configs: Mapping[str, str] = self._configs()
        self.locals: Mapping[str, str] = {
            name: self._anew(flow.constants[name]) for name in self._ordered(dataflow.fresh)
        }
        self.code = "" if self.objects else self._code()

    def _texts(self) -> dict[str, str]:
        """What stands for ``self.name`` outside the class."""
        texts: dict[str, str] = {}
        for name in self._ordered(self.used & self.dataflow.stateless - self.dataflow.fresh):
            helper = self.flow.helpers.get(name)
            kind = helper.kind if helper is not None else MemberKind.CONSTANT
            shown = source_name(name).lstrip("_") if "__" in name else name
            if self.objects and kind is MemberKind.PROPERTY:
                texts[name] = f"{self.flow.name}().{shown}"
            elif name in self.flow.configs and (name in self.copied or not self.objects):
                texts[name] = self.names.function(name.upper())
            elif self.objects:
                texts[name] = f"{self.flow.name}.{name}"
            else:
                called = "()" if kind is MemberKind.PROPERTY else ""
                texts[name] = f"{self.names.function(shown)}{called}"
        return texts

    def _configs(self) -> dict[str, str]:
        """The constants of the module for configs: those that are not in the class."""
        own = self.copied if self.objects else self.flow.configs
        found = {name: text for name, text in self.texts.items() if name in own}
        for name in self._ordered(self.used & self.dataflow.fresh & set(self.flow.configs)):
            found[name] = self.names.function(name.upper())
        return found

    def _anew(self, constant: Constant) -> str:
        """The expression for a constant that each task has for itself."""
        if constant.name in self.configs:
            return self.copy_of(constant.name)
        return ast.unparse(constant.value)

    def copy_of(self, config: str) -> str:
        """The expression for a copy of a config."""
        return f"{self.symbols.use('copy')}.deepcopy({self.configs[config]})"

    def declarations(self) -> tuple[str, ...]:
        """The constants of the module for configs, each below a comment that says where its value
        comes from."""
        return tuple(
            self._assignment(config, self.configs[name])
            for name, config in self.flow.configs.items()
            if name in self.configs
        )

    def _assignment(self, config: Config, name: str) -> str:
        """A config as a constant, with the author's comments and where its value comes from."""
        value = config.value
        mapping = value is not None and not config.plain
        helper = self.symbols.use("ConfigValue") if mapping else ""
        loose = value is None or (config.plain and isinstance(value, (dict, list)))
        annotation = f": {self.symbols.use('Any')}" if loose else ""
        text = ast.unparse(config_expression(config, helper))
        return "\n".join([*config.comments, f"# {config.declared}", f"{name}{annotation} = {text}"])

    def _completed(self, used: frozenset[str]) -> frozenset[str]:
        """With the constants that the lines of others need, in any of the classes."""
        members = [member for found in self.flow.classes for member in found.members]
        constants = [member for member in members if isinstance(member, Constant)]
        lines = {id(c.cst) for c in constants if c.name in used}
        needed = {
            node.id
            for constant in constants
            if id(constant.cst) in lines
            for node in ast.walk(constant.value)
            if isinstance(node, ast.Name)
        }
        more = used | (needed & self.flow.members)
        return used if more == used else self._completed(more)

    def _ordered(self, wanted: Iterable[str]) -> list[str]:
        """Names in the order of the source, bases first."""
        chosen = set(wanted)
        every = [m.name for found in reversed(self.flow.classes) for m in found.members]
        return list(dict.fromkeys(name for name in every if name in chosen))

    def _code(self) -> str:
        """Members as functions, constants and classes of the module."""
        texts = []
        lines: set[int] = set()  # one statement may set several constants
        for name in self._ordered(self.texts.keys() - self.flow.configs.keys()):
            if name in self.flow.constants:
                line = id(self.flow.constants[name].cst)
                if line in lines:
                    continue
                lines.add(line)
            member: Member | None = self.flow.helpers.get(name) or self.flow.constants.get(name)
            texts.append(self._outside(member or self.flow.nested[name]))
        return "".join(texts)

    def unused(self) -> Iterator[Member]:
        """The members that the module does without, in the order of the source."""
        kept = self.used if self.objects else frozenset({*self.texts, *self.locals})
        kept |= set(self.flow.configs)  # they may be there for decorators
        lines = {id(self.flow.constants[name].cst) for name in kept if name in self.flow.constants}
        given = [found.arguments for found in self.flow.parameters.values()]
        given += [found.arguments for found in self.flow.decorators]
        roots = [argument.node for arguments in given for argument in arguments.values()]
        for step in self.flow.steps.values():
            roots += step.node.decorator_list
        named = {node.id for root in roots for node in ast.walk(root) if isinstance(node, ast.Name)}
        found: Mapping[str, Member] = {
            **self.flow.nested,
            **self.flow.constants,
            **self.flow.helpers,
        }
        for name in self._ordered(self.flow.members - kept - named):
            if id(found[name].cst) not in lines:
                yield found[name]

    # ------------------------------------------------------------------ without a class

    def _outside(self, member: Member) -> str:
        """The text of a member at the top level of the module."""
        name = self.texts[member.name].removesuffix("()")
        node = member.cst.visit(_Outside(self.flow, member.owner, self.texts))
        if isinstance(node, cst.FunctionDef):
            assert isinstance(member, Helper)
            function = _without_self(node, member.kind).with_changes(name=cst.Name(name))
            return "\n\n" + code([_alone(function.with_changes(decorators=[]))])
        if isinstance(node, cst.ClassDef):
            return "\n\n" + code([_alone(node.with_changes(name=cst.Name(name)))])
        assert isinstance(node, cst.SimpleStatementLine) and isinstance(member, Constant)
        return code([_alone(node)])

    # ------------------------------------------------------------------ the class

    def classes(self, methods: Mapping[str, Sequence[cst.FunctionDef]]) -> str:
        """The classes of the flow, bases first, with the members that are used; ``methods`` are
        steps that became methods, by the class that they belong to."""
        if not self.objects:
            return ""
        bodies = {
            found.name: [*self._body(found), *methods.get(found.name, [])]
            for found in self.flow.classes
        }
        own = self.flow.classes[0]
        kept = {
            found.name
            for found in self.flow.classes
            if found is own or found.imported or bodies[found.name]
        }
        made = [
            self._class(found, bodies[found.name], kept)
            for found in reversed(self.flow.classes)
            if found.name in kept and not found.imported
        ]
        return "\n\n".join(code([each]) for each in made)

    def _class(
        self, found: FlowClass, body: Sequence[cst.BaseStatement], kept: Collection[str]
    ) -> cst.ClassDef:
        own = found is self.flow.classes[0]
        bases = self._bases(found, kept)
        statements: list[cst.BaseStatement] = []
        if own:
            text = '"""The self of a step, with the methods and constants of the flow."""'
            statements = [cst.parse_statement(text), *map(cst.parse_statement, self._attributes())]
        statements += body
        first = [_alone(statements[0]), *(_apart(each) for each in statements[1:])]
        derived = f"({', '.join(bases)})" if bases else ""
        shell = cst.parse_statement(f"class {found.name}{derived}:\n    pass")
        assert isinstance(shell, cst.ClassDef)
        return shell.with_changes(body=cst.IndentedBlock(first))

    def _bases(self, found: FlowClass, kept: Collection[str]) -> list[str]:
        """The bases of a class, in place of empty ones theirs."""
        by_name = {each.name: each for each in self.flow.classes}
        bases: list[str] = []
        for base in found.bases:
            if base in kept or base not in by_name:
                bases.append(base)
            else:
                bases += self._bases(by_name[base], kept)
        if found.root or (found is self.flow.classes[0] and not self._rooted):
            bases.append(self.symbols.use("OpenFlowObject" if self._open else "FlowObject"))
        return list(dict.fromkeys(bases))

    @property
    def _open(self) -> bool:
        """Whether a step may set artifacts whose names only a run can tell."""
        return any(OTHERS in step.outputs for step in self.dataflow.steps.values())

    @property
    def _rooted(self) -> bool:
        return any(found.root for found in self.flow.classes)

    def _attributes(self) -> list[str]:
        """What the class tells its base."""
        lines = []
        public = [name for name in self.flow.constants if not name.startswith("_")]
        fixed = [*self.flow.parameters, *public]
        if fixed and any(
            step.facts.fixed or step.facts.open_stores for step in self.dataflow.steps.values()
        ):
            self.symbols.need("read-only attributes")
            names = ", ".join(map(repr, fixed))
            lines.append(f"__read_only__ = frozenset({{{names}}})")
        if self._open:
            named = {n for s in self.dataflow.steps.values() for n in s.facts.possible}
            named |= {*fixed, *self.flow.members, "index", "input", "foreach_stack", "name"}
            names = ", ".join(map(repr, sorted(named - {OTHERS})))
            why = "# attributes that go from task to task by themselves"
            lines.append(f"{why}\n__named__ = frozenset({{{names}}})")
        return lines

    def _body(self, found: FlowClass) -> list[cst.BaseStatement]:
        statements: list[cst.BaseStatement] = []
        lines: set[int] = set()  # one statement may set several constants
        for member in found.members:
            used = {member.name, f"{found.name}.{member.name}"} & self.used
            if used and id(member.cst) not in lines:
                if not self._is_split(member):
                    lines.add(id(member.cst))
                statements.append(self._inside(member))
        for step in found.steps:
            own = self.flow.steps.get(step.name)
            overrides = own is None or own.node is not step.node
            if (f"{step.owner}.{step.name}" if overrides else step.name) in self.used:
                statements.append(step.cst.with_changes(decorators=[]))
        return statements

    def _is_split(self, member: Member) -> bool:
        """Whether the constants of one statement must be set one by one, as some are evaluated in
        each task."""
        return any(
            other.cst is member.cst and other.name in self.dataflow.fresh
            for other in self.flow.constants.values()
        )

    def _inside(self, member: Member) -> cst.BaseStatement:
        """A member of the class."""
        if isinstance(member, Constant) and member.name in self.dataflow.fresh | self.copied:
            return cst.parse_statement(self._evaluated(member))
        if member.name in self.flow.configs:
            config = self.flow.configs[member.name]
            return cst.parse_statement(self._assignment(config, member.name))
        if isinstance(member, Constant) and self._is_split(member):
            return cst.parse_statement(f"{member.name} = {ast.unparse(member.value)}")
        static = (
            isinstance(member, Helper)
            and member.kind is MemberKind.METHOD
            and member.name in self.dataflow.stateless & self.plain
        )
        if not static:
            return member.cst
        node = member.cst.visit(_Outside(self.flow, "", self.texts))
        assert isinstance(node, cst.FunctionDef)
        decorator = cst.Decorator(cst.Name("staticmethod"))
        return _without_self(node, MemberKind.METHOD).with_changes(decorators=[decorator])

    def _evaluated(self, constant: Constant) -> str:
        """A constant that each task evaluates for itself."""
        names = {name: f"self.{name}" for name in self.flow.members}
        value = named(self._anew(constant), names)
        return (
            f"@{self.symbols.use('functools')}.cached_property  # each task has its own\n"
            f"def {source_name(constant.name)}(self) -> {self.symbols.use('Any')}:\n"
            f"    return {value}\n"
        )


def named(expression: str, names: Mapping[str, str]) -> str:
    """An expression from the body of the class, with what stands for its plain names."""
    return ast.unparse(_Named(names).visit(ast.parse(expression)))


class _Named(ast.NodeTransformer):
    """Plain names of the class's body to attributes."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Replace a name that is read."""
        if node.id in self.texts and isinstance(node.ctx, ast.Load):
            return ast.parse(self.texts[node.id], mode="eval").body
        return node


class _Outside(cst.CSTTransformer):
    """A member outside its class: ``self.name`` becomes what stands for it."""

    def __init__(self, flow: Flow, owner: str, texts: Mapping[str, str]) -> None:
        super().__init__()
        self.flow = flow
        self.owner = owner
        self.texts = texts
        self.classes = 0
        self.functions = 0

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """Private names in a nested class belong to it."""
        self.classes += 1

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        """The end of a nested class."""
        self.classes -= 1
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """In functions, plain names are none of the class."""
        self.functions += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """The end of a function."""
        self.functions -= 1
        return updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        """A constant in the expression for another one, or its own name."""
        text = self.texts.get(mangled(original_node.value, self.owner))
        if self.functions or self.classes or text is None or not text.isidentifier():
            return updated_node
        return updated_node.with_changes(value=text)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Replace a member; outside the class, Python no longer mangles private names."""
        owner = "" if self.classes else self.owner
        name = mangled(original_node.attr.value, owner)
        value = original_node.value
        if isinstance(value, cst.Name) and value.value in ("self", "cls", self.flow.name):
            text = self.texts.get(name)
            if text is not None:
                return cst.parse_expression(text).with_changes(
                    lpar=updated_node.lpar, rpar=updated_node.rpar
                )
        if name != original_node.attr.value:
            return updated_node.with_changes(attr=cst.Name(name))
        return updated_node


def _without_self(function: cst.FunctionDef, kind: MemberKind) -> cst.FunctionDef:
    """A method as a plain function."""
    if kind is MemberKind.STATIC:
        return function
    parameters = function.params
    if parameters.posonly_params:
        rest = parameters.posonly_params[1:]
        mark = parameters.posonly_ind if rest else cst.MaybeSentinel.DEFAULT
        changed = parameters.with_changes(posonly_params=rest, posonly_ind=mark)
    else:
        changed = parameters.with_changes(params=parameters.params[1:])
    return function.with_changes(params=changed)


def _apart(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement with its comments, below an empty line unless it sets a constant."""
    alone = _alone(statement)
    if isinstance(statement, cst.SimpleStatementLine) and not alone.leading_lines:
        return statement if statement.leading_lines else alone
    return alone.with_changes(leading_lines=[cst.EmptyLine(indent=False), *alone.leading_lines])


def _alone(statement: cst.BaseStatement) -> cst.SimpleStatementLine | cst.BaseCompoundStatement:
    """A statement with its comments, but without the empty lines above it."""
    assert isinstance(statement, (cst.SimpleStatementLine, cst.FunctionDef, cst.ClassDef))
    lines = [line for line in statement.leading_lines if line.comment is not None]
    return statement.with_changes(leading_lines=lines)
