"""``IncludeFile`` to workflow input. Source of the rules: metaflow/includefile.py.

The input is a FlyteFile: Flyte uploads what a run is started with, and the default file where the
workflow is registered, as Metaflow does. Each task that needs the Parameter reads the file, which
gives it a copy of its own of what a parser makes of the content, as in Metaflow.
"""

from __future__ import annotations

import ast
import codecs
import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import libcst as cst

from codegen.analyse.evaluate import CannotEvaluate
from codegen.analyse.types import TEXT
from codegen.lower.parameters.plan import Decode, ParameterPlan, Surroundings
from codegen.lower.parameters.reader import Reader
from codegen.model import Argument

#: Beginnings of calls that give text: paths are put together with them.
_TEXT_CALLS = ("os.path.", "os.environ.get(", "os.getenv(", "str(")


@dataclass
class FileReader(Reader):
    """``IncludeFile``: the content of a file. ``launched`` tells that the module has a launch
    plan, for which every import of it looks at the default."""

    title: ClassVar[str] = "IncludeFile"
    known: ClassVar[frozenset[str]] = frozenset(
        {
            "default", "encoding", "help", "is_text", "name", "parser", "required", "separator",
            "show_default", "type",
        }
    )  # fmt: skip

    launched: bool = False

    def _plan(self) -> ParameterPlan:
        self._refuse_values()
        is_text = self.value("is_text")
        is_text = is_text is None or bool(is_text)
        read = "read_bytes()"
        if is_text:
            read = f"read_text(encoding={self._encoding()!r})"
        parser = self._parser("str" if is_text else "bytes")
        default = self._default()
        optional = default is None and not self.value("required")

        def statement(x: str, raw: str, task: Surroundings) -> str:
            text = f"{task.use('Path')}({raw}).{read}"
            if parser is not None:
                text = f"{parser.name(task)}({text})"
            return f"{x} = None if {raw} is None else {text}" if optional else f"{x} = {text}"

        kind = TEXT if is_text and parser is None and not optional else None
        decode = Decode("file", statement, fails=True)
        file = self.symbols.use("FlyteFile")
        if optional:
            return self.made(f"{file} | None", "None", kind, decode)
        if default is None:
            return self.made(file, None, kind, decode)
        name = self.constant_name()
        return self.made(file, name, kind, decode, constants=(f"{name} = {default}",))

    # ------------------------------------------------------------------ content

    def _refuse_values(self) -> None:
        """Arguments of a Parameter that Metaflow does not take for a file."""
        for name in ("type", "separator"):
            argument = self.argument(name)
            if argument is not None and (name == "type" or self.value(name) is not None):
                raise self.refuse(
                    "MF122",
                    argument.position,
                    f"an IncludeFile has no {name}=",
                    "Remove it; what parser= names can make something else of the content.",
                )

    def _encoding(self) -> str:
        encoding = self.value("encoding")
        if encoding is None:
            return "utf-8"
        try:
            if not isinstance(encoding, str):
                raise LookupError
            if not getattr(codecs.lookup(encoding), "_is_text_encoding", True):
                raise LookupError
        except LookupError as error:
            raise self.refuse(
                "MF122",
                self.parameter.arguments["encoding"].position,
                f"Python knows no encoding of text {encoding!r}",
                "Correct it, or write is_text=False for a file that is not text.",
            ) from error
        return encoding

    def _parser(self, content: str) -> _Parser | None:
        argument = self.argument("parser")
        if argument is None:
            return None
        attribute = self.parameter.attribute
        try:
            value = self.evaluated(argument)
        except CannotEvaluate:
            self._refuse_members(argument)
            return _Parser(attribute, content, argument.node)
        if value is None:
            return None
        module, dot, function = value.rpartition(".") if isinstance(value, str) else ("", "", "")
        if not dot or not all(part.isidentifier() for part in value.split(".") if part):
            raise self.refuse(
                "MF122",
                argument.position,
                f"the parser {value!r} is neither a function nor the dotted name of one",
                "Write parser=function, or parser='package.module.function'.",
            )
        if module.partition(".")[0] in ("", "metaflow"):
            raise self.refuse(
                "MF662",
                argument.position,
                f"the parser {value} is a part of Metaflow, which the generated module is without",
                "Write a function that does the same; for YAML, one that calls yaml.safe_load.",
            )
        if f"{module}.py" == self.flow.filename:  # which the generated module stands for
            return _Parser(attribute, content, ast.Name(function, ast.Load()))
        return _Parser(attribute, content, ast.Name(function, ast.Load()), module)

    def _refuse_members(self, argument: Argument) -> None:
        """A parser that the body of the class defines."""
        if members := self.members_in(argument.node):
            raise self.refuse(
                "MF662",
                argument.position,
                f"the parser {ast.unparse(argument.node)} needs {members[0]}, which belongs to the "
                "class",
                f"Move {members[0]} to the top level of the module.",
            )

    # ------------------------------------------------------------------ default

    def _default(self) -> str | None:
        """The expression of the default file."""
        argument = self.argument("default")
        if argument is None:
            return None
        if self.is_function(argument.node):
            self._note_default(argument, "the default file")
            return f"{self.symbols.use('default_file')}({self.deploy_time(argument)})"
        try:
            path = self.evaluated(argument)
        except CannotEvaluate:
            if self._may_be_function(argument.node):
                raise self.unknown_default(argument) from None
            text = self.running(argument)
            home = "~" in text
        else:
            if path is None:
                return None
            text = self._checked_path(path, argument)
            home = path.startswith("~")
        self._note_default(argument, text)
        helper = "default_file" if home or self.launched else "FlyteFile"
        return f"{self.symbols.use(helper)}({text})"

    def _checked_path(self, path: object, argument: Argument) -> str:
        """The expression of a path that is known from the source."""
        where = argument.position
        if not isinstance(path, str):
            message, advice = (
                f"the default {path!r} is no text",
                "Write the path of a file as text.",
            )
            raise self.refuse("MF122", where, message, advice)
        if path.find("://") > 0:
            raise self.refuse(
                "MF661",
                where,
                f"Metaflow does not include {path}, which lies in cloud storage",
                "Give the path of a file on this machine; the workflow itself takes both.",
            )
        if not path or path.startswith(("{", '"{')):
            message, advice = f"{path!r} is no path of a file", "Give the path of a file."
            raise self.refuse("MF661", where, message, advice)
        return self.written(argument.node, path)

    def _note_default(self, argument: Argument, file: str) -> None:
        self.fail(
            "MF660",
            argument.position,
            f"{file} is uploaded where the workflow is registered, from the path that it has "
            "there, and stays the same until it is registered again",
            "Use pyflyte register, or pyflyte run; pyflyte package does not upload it.",
        )

    def _may_be_function(self, node: ast.expr) -> bool:
        """Whether an expression whose value is not known may be a function, not a path."""
        if isinstance(node, ast.Name) and node.id in self.scope.constants:
            made = self.scope.constants[node.id]
            if isinstance(made, ast.Call):
                return not ast.unparse(made).startswith(_TEXT_CALLS)
            return self._may_be_function(made)
        return isinstance(node, (ast.Attribute, ast.Lambda, ast.Name))


@dataclass(frozen=True)
class _Parser:
    """What makes a value of the ``content``, which has that type: an expression, or the name of a
    function in a module."""

    attribute: str
    content: str
    node: ast.expr
    module: str = ""

    def name(self, task: Surroundings) -> str:
        """What a task calls it."""
        text = ast.unparse(self.node)
        if self.module:
            return task.define(text, self._import)
        if isinstance(self.node, ast.Lambda):
            function = self._function(self.node, task.use("Any"))
            return task.define(self._wanted, function)
        if isinstance(self.node, (ast.Attribute, ast.Name)) and task.sees(self.node):
            return text
        return task.define(self._wanted, lambda name: f"{name} = {text}")

    @property
    def _wanted(self) -> str:
        return f"parse_{self.attribute.strip('_')}"

    def _import(self, name: str) -> str:
        function = ast.unparse(self.node)
        renamed = "" if name == function else f" as {name}"
        return f"from {self.module} import {function}{renamed}"

    def _function(self, node: ast.Lambda, other: str) -> Callable[[str], str]:
        """The definition of a function that does what a lambda does."""
        given, body = copy.deepcopy(node.args), cst.parse_expression(ast.unparse(node.body))
        for number, argument in enumerate([*given.posonlyargs, *given.args, *given.kwonlyargs]):
            argument.annotation = ast.Name(other if number else self.content, ast.Load())
        for more in (given.vararg, given.kwarg):
            if more is not None:
                more.annotation = ast.Name(other, ast.Load())
        bare = body.visit(_BareGenerators())
        assert isinstance(bare, cst.BaseExpression)
        shown = cst.Module([]).code_for_node(bare)
        return lambda name: (
            f"def {name}({ast.unparse(given)}) -> {other}:\n"
            f'    """What parser= makes of the content of {self.attribute}."""\n'
            f"    return {shown}"
        )


class _BareGenerators(cst.CSTTransformer):
    """``sum((x for x in y))``, which ``ast`` writes for ``sum(x for x in y)``, as the latter."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        match updated_node.args:
            case [cst.Arg(value=cst.GeneratorExp() as made) as argument]:
                bare = argument.with_changes(value=made.with_changes(lpar=[], rpar=[]))
                return updated_node.with_changes(args=[bare])
        return updated_node
