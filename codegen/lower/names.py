"""Names on the Flyte side: derived from the flow's own, free of collisions, and stable."""

from __future__ import annotations

import ast
import keyword
import re
import symtable
import unicodedata
from collections.abc import Iterator, Mapping

from codegen.analyse.scope import ModuleScope
from codegen.diagnostics import Diagnostics
from codegen.lower.parameters import FLYTE_RESERVED
from codegen.model import Flow

#: Names that flytekit's tuple of promises has for itself (core/promise.py, core/interface.py).
_FIELD_RESERVED = frozenset({"with_overrides", "node", "runs_before", "ref"})

#: Under ``from __future__ import annotations``, a field of such a name would be found in place of
#: the type when the annotations of its class are evaluated (typing.get_type_hints).
_TYPE_NAMES = frozenset({"int", "float", "str", "bool"})

#: Builtins that generated code uses, but for those of cards.
USED_BUILTINS = frozenset(
    {
        "bool", "dict", "enumerate", "float", "frozenset", "getattr", "globals", "int",
        "isinstance", "len", "list", "locals", "next", "object", "print", "range", "repr", "str",
        "super", "tuple", "type", "vars",
    }
)  # fmt: skip

#: Ambiguous in many fonts, and refused by linters (pycodestyle E741).
AMBIGUOUS = frozenset({"l", "O", "I"})


def snake_case(name: str) -> str:
    """``TrainFlow`` to ``train_flow``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel_case(name: str) -> str:
    """``fit_model`` to ``FitModel``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def free(name: str, taken: frozenset[str] | set[str]) -> str:
    """``name``, with trailing underscores until nothing else is called so."""
    while name in taken or keyword.iskeyword(name):
        name += "_"
    return name


def global_names(text: str, filename: str) -> frozenset[str]:
    """Every name that some code of the source looks up at the top level or among the builtins."""

    def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        yield table
        for child in table.get_children():
            yield from tables(child)

    return frozenset(
        symbol.get_name()
        for table in tables(symtable.symtable(text, filename, "exec"))
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")
    )


class Names:
    """The names of tasks, outputs types and the workflow of one flow."""

    def __init__(
        self,
        flow: Flow,
        scope: ModuleScope,
        looked_up: frozenset[str],
        wanted: frozenset[str],
        diagnostics: Diagnostics,
    ) -> None:
        """``looked_up`` are names that the user's code uses, ``wanted`` those that the generated
        code may take from libraries and the prelude."""
        own = set(flow.module.metaflow) | {flow.name}
        taken = set(scope.bound) | (set(looked_up) - own)
        reserved = taken | wanted | USED_BUILTINS
        #: Names that only Parameters have; an input of any function may have them too.
        self.parameters = frozenset(flow.parameters) - reserved
        reserved |= set(flow.parameters)
        self.tasks: dict[str, str] = {}
        for name, step in flow.steps.items():
            self.tasks[name] = free(name, reserved)
            if self.tasks[name] != name:
                diagnostics.add(
                    "MF206",
                    step.position,
                    f"the task of this step is called {self.tasks[name]}, since the module uses "
                    f"the name {name} for something else",
                    "Nothing to do; rename the step to choose the name yourself.",
                    name,
                )
        reserved |= set(self.tasks.values())
        self.workflow = free(_identifier(snake_case(flow.name)), reserved)
        reserved.add(self.workflow)
        self.outputs: dict[str, str] = {}
        for name in flow.steps:
            local = {
                node.id for node in ast.walk(flow.steps[name].node) if isinstance(node, ast.Name)
            }
            self.outputs[name] = free(f"{camel_case(name)}Outputs", reserved | local)
            reserved.add(self.outputs[name])
        self.workflow_outputs = free(f"{flow.name.strip('_')}Outputs", reserved)
        reserved.add(self.workflow_outputs)
        self.launch_plan = free(f"{self.workflow}_schedule", reserved)
        reserved.add(self.launch_plan)
        self.module = frozenset(reserved)
        self._local = frozenset(
            node.id if isinstance(node, ast.Name) else node.arg
            for method in flow.methods
            for node in ast.walk(method.node)
            if isinstance(node, (ast.Name, ast.arg))
        )

    def function(self, name: str) -> str:
        """A name for a function of nodes, such as ``fit_foreach``."""
        found = free(name, self.module | self._local)
        self.module |= {found}
        return found

    def outputs_of(self, function: str) -> str:
        """The outputs type of such a function."""
        return self.function(f"{camel_case(function)}Outputs")

    def constant(self, step: str, what: str) -> str:
        """A module-level constant that belongs to a step, such as ``FIT_ENVIRONMENT``."""
        return free(f"{step.upper()}_{what}", self.module)


def field_names(artifacts: list[str], future: tuple[str, ...]) -> dict[str, str]:
    """Artifact → field of an outputs type: its own name wherever Python and flytekit allow.

    ``future`` are the features that the module imports from ``__future__``.
    """
    reserved = _FIELD_RESERVED | (_TYPE_NAMES if "annotations" in future else frozenset())
    legal = {name for name in artifacts if not name.startswith("_") and name not in reserved}
    fields: dict[str, str] = {}
    taken = set(legal)
    for name in artifacts:
        if name in legal:
            fields[name] = name
        else:
            plain = name.strip("_")
            plain = plain if plain.isidentifier() else f"private_{plain}"
            fields[name] = free(f"{plain}_", taken)
            taken.add(fields[name])
    return fields


def local_names(
    wanted: Mapping[str, None], taken: frozenset[str], unused: frozenset[str]
) -> dict[str, str]:
    """Artifact or Parameter → local variable of a task that uses the names in ``taken``.

    Those ``unused`` are assigned and lost; a leading underscore says so, to linters as well.
    """
    names: dict[str, str] = {}
    used = set(taken) | FLYTE_RESERVED | AMBIGUOUS
    plain = {name for name in wanted if name not in used and not keyword.iskeyword(name)}
    for name in wanted:
        if name in unused and not name.startswith("_"):
            names[name] = free(f"_{name}", used | plain)
        else:
            names[name] = name if name in plain else free(f"{name}_", used | plain)
        used.add(names[name])
    return names


def _identifier(text: str) -> str:
    """``text`` as a name that Python and Flyte take."""
    text = unicodedata.normalize("NFKC", text).strip("_")
    return text if text and not text[0].isdigit() else f"flow_{text}"
