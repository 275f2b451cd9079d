"""``@exit_hook(on_success, on_error, options)``: metaflow/plugins/exit_hook.

Metaflow notes the names of the functions. After the run it looks each up in the file of the flow
and calls it in a process of its own, with ``run=`` if the function has an argument of that name.
What fails there changes nothing for the run (metaflow/runtime.py, _run_exit_hooks).
"""

from __future__ import annotations

import ast
from typing import Any

from codegen.diagnostics import Position
from codegen.lower.decorators.arguments import Arguments
from codegen.lower.decorators.functions import Function, with_functions
from codegen.lower.settings import FlowSettings
from codegen.lower.settings.hooks import Hook
from codegen.parse.names import place
from codegen.parse.uses import references

_RUN = "run"
_CURRENT = "metaflow.current."


def exit_hook(arguments: Arguments, settings: FlowSettings) -> None:
    """The hooks that can run; those of other decorators, which are read before, come first."""
    reader = _Reader(arguments, settings)
    found = {event: reader.values(event) for event in ("on_success", "on_error")}
    if not any(found.values()):
        raise arguments.refuse(
            "on_success" if "on_success" in arguments.decorator.arguments else "on_error",
            "it has no hooks",
            "Give on_success= or on_error= a list of functions.",
        )
    settings.hooks.on_success += reader.hooks("on_success", found["on_success"])
    settings.hooks.on_error += reader.hooks("on_error", found["on_error"])
    reader.options()


class _Reader:
    def __init__(self, arguments: Arguments, settings: FlowSettings) -> None:
        self.arguments = arguments
        self.settings = settings
        self.flow = settings.flow
        self.scope = arguments.scope

    def values(self, event: str) -> list[Any]:
        """The items of an attribute, in which functions are ``Function``."""
        given = with_functions(self.arguments, self.flow.module.metaflow, imported=True)
        value = given.value(event, [])
        if not isinstance(value, (list, tuple)):
            raise self.arguments.refuse(
                event, f"{event} is no list", f"Write {event}=[…] with functions of this file."
            )
        for item in value:
            if not isinstance(item, (str, Function)):
                raise self.arguments.refuse(
                    event,
                    f"{item!r} is no function",
                    "Give functions of this file, or their names.",
                )
        return list(value)

    def hooks(self, event: str, values: list[Any]) -> list[Hook]:
        """Those that can run; reports the others."""
        argument = self.arguments.decorator.arguments.get(event)
        nodes: list[ast.expr] = []
        if argument is not None and isinstance(argument.node, (ast.List, ast.Tuple)):
            nodes = argument.node.elts
        found: list[Hook] = []
        for number, value in enumerate(values):
            where = argument.position if argument else self.arguments.decorator.position
            if len(nodes) == len(values):
                where = Position(*place(nodes[number]))
            hook = self._hook(value, where)
            if hook is not None:
                found.append(hook)
        return found

    def _hook(self, value: str | Function, where: Position) -> Hook | None:
        if isinstance(value, str):
            shown = value.removeprefix(f"{self.flow.filename.removesuffix('.py')}.")
            node = self.scope.functions.get(shown)
        else:
            shown, node = value.shown, value.node
        first = shown.partition(".")[0]
        if node is not None and not Position(*place(node)).file:
            return self._function(node, where)
        if shown.startswith("lambda") or (
            first not in self.scope.bound
            and not self.scope.star
            and ("." not in shown or first == self.flow.name)
        ):
            self._idle(where, f"the file has no function {shown} at its top level")
            return None
        self._refuse(where, f"{shown} is no plain function of this file, so its arguments are not")
        return None

    def _function(self, node: ast.FunctionDef, where: Position) -> Hook | None:
        name, arguments = node.name, node.args
        if node.decorator_list:
            self._refuse(where, f"{name} is decorated, so its arguments are not")
            return None
        plain = [*arguments.posonlyargs, *arguments.args]
        takes_run = _RUN in {given.arg for given in plain}
        optional = [given.arg for given in plain[len(plain) - len(arguments.defaults) :]]
        missing = [given.arg for given in plain if given.arg not in optional]
        missing += [
            given.arg
            for given, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is None
        ]
        passed = _RUN in {given.arg for given in arguments.args}
        wanted = [given for given in missing if not (passed and given == _RUN)]
        if wanted:
            self._idle(where, f"Metaflow does not give {name} its {', '.join(wanted)}")
            return None
        if self._looks_at_current(node):
            return None
        looked_at = {_RUN} if takes_run else set()
        if arguments.kwarg is not None:
            looked_at.add(arguments.kwarg.arg)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in looked_at:
                self.arguments.diagnostics.add(
                    "MF642",
                    Position(*place(inner)),
                    f"the exit hook {name} looks at the run, an object of Metaflow's client",
                    "Do without it: say in the hook itself which flow has ended, and let the last "
                    "step write down what the hook needs.",
                )
                return None
        return Hook(name, _RUN in missing)

    def _looks_at_current(self, hook: ast.FunctionDef) -> bool:
        """Report uses of ``current``, which is empty in the process of a hook."""
        functions, ahead = {hook.name: hook}, [hook]
        while ahead:
            for inner in ast.walk(ahead.pop()):
                called = self.scope.functions.get(inner.id) if isinstance(inner, ast.Name) else None
                if called is not None and called.name not in functions:
                    functions[called.name] = called
                    ahead.append(called)
        for node in functions.values():
            for used, dotted in references(node, self.flow.module.metaflow):
                if f"{dotted}.".startswith(_CURRENT):
                    self.arguments.diagnostics.add(
                        "MF642",
                        Position(*place(used)),
                        f"{dotted} is not there in the exit hook {hook.name}: Metaflow calls it "
                        "outside of the run",
                        "Write the value out.",
                    )
                    return True
        return False

    def _idle(self, where: Position, why: str) -> None:
        """A hook that Metaflow fails to call, which changes nothing for the run."""
        warning = self.arguments.diagnostics.add(
            "MF643",
            where,
            f"this exit hook never runs: {why}",
            "Give a function at the top level of this file that can be called without arguments.",
        )
        self.settings.warnings.append(warning)

    def _refuse(self, where: Position, what: str) -> None:
        self.arguments.diagnostics.add(
            "MF642",
            where,
            f"{what} known",
            "Give a function of this file, without arguments, that calls it.",
        )

    def options(self) -> None:
        """The image, which is all that Metaflow knows (plugins/argo/argo_workflows.py)."""
        given = self.arguments.value("options", {})
        if not isinstance(given, dict):
            raise self.arguments.refuse(
                "options", "options is no dictionary", "Write a dictionary."
            )
        hooks, image = self.settings.hooks, given.get("image")
        unknown = [str(name) for name in given if name != "image"]
        if unknown:
            self._unused(f"Metaflow knows no {', '.join(unknown)}")
        if image is None:
            return
        if not isinstance(image, str):
            raise self.arguments.refuse("options", f"{image!r} is no image", "Give its name.")
        if hooks.image not in (None, image):
            self._unused(f"all hooks of a flow run in one image, here {hooks.image}, not {image}")
            return
        hooks.image = image

    def _unused(self, why: str) -> None:
        warning = self.arguments.diagnostics.add(
            "MF644",
            self.arguments.decorator.arguments["options"].position,
            f"an option of the exit hooks is left out: {why}",
            "Give all @exit_hook of the flow the same image, and nothing else.",
        )
        self.settings.warnings.append(warning)
