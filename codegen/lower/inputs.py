"""The inputs of a join: what its task takes, and how the body gets its ``inputs`` from it."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.analyse.values import JoinPlan
from codegen.lower.context import Context, TaskInput
from codegen.lower.names import free

Given = Mapping[tuple[str, str, int], str]


def join_inputs(
    context: Context, join: JoinPlan, argument: str, taken: set[str]
) -> list[TaskInput]:
    """The inputs of the task of a join that stand for artifacts of its branches."""
    found: list[TaskInput] = []
    used = set(taken)

    def add(name: str, kind: str, source: str, key: str = "", number: int = 0) -> None:
        found.append(TaskInput(free(name, used), kind, source, key, number))
        used.add(found[-1].name)

    if join.foreach is None:
        for number, branch in enumerate(join.branches):
            for key in join.attributes[number]:
                add(f"{branch.label}_{key}", context.type(key), "branch", key, number)
        return found
    symbols = context.symbols
    if join.foreach.mapped and any(join.attributes):
        symbols.need("lists")
        kind = symbols.list_of(symbols.use("Artifact"))
        found.append(TaskInput(argument, kind, "inputs"))
        used.add(argument)
    elif any(join.attributes):
        for key in join.attributes[0]:
            if key not in context.dataflow.kinds:
                symbols.need("lists")
            add(f"{argument}_{key}", symbols.list_of(context.type(key)), "gathered", key)
    elif join.objects:
        add(join.foreach.indices.name, symbols.list_of("int"), "elements")
    for key in join.shared:
        add(key, context.type(key), "shared", key)
    return found


def join_prologue(
    context: Context,
    join: JoinPlan,
    argument: str,
    given: Given,
    parameters: Mapping[str, str],
    bound: frozenset[str],
) -> list[str]:
    """The statements that make ``inputs`` as the body knows it; ``parameters`` are the local
    names of Parameters that it reads there."""
    builder = _Builder(context, join, argument, given, parameters, bound)
    return builder.static() if join.foreach is None else builder.elements()


class _Builder:
    def __init__(
        self,
        context: Context,
        join: JoinPlan,
        argument: str,
        given: Given,
        parameters: Mapping[str, str],
        bound: frozenset[str],
    ) -> None:
        self.context = context
        self.symbols = context.symbols
        self.join = join
        self.argument = argument
        self.given = given
        self.parameters = parameters
        self.bound = bound
        self.numbered = False
        self.index = free("index", bound | {argument})
        self.each = free("each", bound | {argument})

    def _object(self, fields: list[tuple[str, str]], sure: bool, start: str = "") -> str:
        name = "SimpleNamespace" if sure else "set_artifacts"
        if not sure:
            self.symbols.use("Unset")
        pairs = [start] if start else []
        pairs += [f"{key}={text}" for key, text in fields]
        return f"{self.symbols.use(name, self.bound)}({', '.join(pairs)})"

    def static(self) -> list[str]:
        """An object for each branch."""
        branches = []
        for number, branch in enumerate(self.join.branches):
            attributes = self.join.attributes[number]
            fields = [(key, self.given["branch", key, number]) for key in attributes]
            fields += self.parameters.items()
            sure = all(slot.sure for slot in attributes.values())
            branches.append((branch.label, self._object(fields, sure)))
        made = ", ".join(f"{label}={text}" for label, text in branches)
        return [f"{self.argument} = {self.symbols.use('Inputs', self.bound)}({made})"]

    def elements(self) -> list[str]:
        """An object for each element of a foreach."""
        lines = self._objects()
        if self._own_items():
            assert self.join.foreach is not None
            name = self.join.foreach.frame.variable
            assert name is not None
            item = self._item(name, f"{self.each}.{name}")
            lines.append(
                f"for {self.index}, {self.each} in enumerate({self.argument}):\n"
                f"    {self.each}.input = {item}"
            )
        return lines

    def _objects(self) -> list[str]:
        foreach = self.join.foreach
        assert foreach is not None
        attributes = self.join.attributes[0]
        more = self._shared()
        sure = all(slot.sure for slot in (*attributes.values(), *self.join.shared.values()))
        if not attributes:
            elements = self.given["elements", "", 0]
            made = self._object(more, sure)
            index = self.index if self.numbered else "_"
            return [f"{self.argument} = [{made} for {index} in {elements}]"]
        if foreach.mapped:
            if not more:
                return []
            made = self._object(more, sure, f"**vars({self.each})")
            return [self._comprehension(made, self.each, self.argument)]
        names = {key: free(key.lstrip("_") or "x", {self.index}) for key in attributes}
        fields = [*names.items(), *more]
        made = self._object(fields, sure)
        lists = [self.given["gathered", key, 0] for key in attributes]
        if len(lists) == 1:
            return [self._comprehension(made, names[next(iter(names))], lists[0])]
        target = f"({', '.join(names.values())})" if self.numbered else ", ".join(names.values())
        return [self._comprehension(made, target, f"zip({', '.join(lists)}, strict=True)")]

    def _comprehension(self, made: str, target: str, iterable: str) -> str:
        if self.numbered:
            target, iterable = f"{self.index}, {target}", f"enumerate({iterable})"
        return f"{self.argument} = [{made} for {target} in {iterable}]"

    def _shared(self) -> list[tuple[str, str]]:
        """What all elements have in common, and their own index and input."""
        hidden = None if self._own_items() else self.join.hidden
        shared = [key for key in self.join.shared if key != hidden]
        fields = [(key, self._copied(key, self.given["shared", key, 0])) for key in shared]
        fields += self.parameters.items()  # in Metaflow, too, all inputs have the same objects
        if self.join.index:
            self.numbered = True
            fields.append(("index", self.index))
        if self.join.input and not self._own_items():
            self.numbered = True
            fields.append(("input", self._input()))
        return fields

    def _own_items(self) -> bool:
        """Whether each input has a list of its own, of which its ``input`` is an element."""
        assert self.join.foreach is not None
        return self.join.input and self.join.foreach.frame.variable in self.join.copied

    def _copied(self, key: str, text: str) -> str:
        """In Metaflow each input loads its own copy."""
        if key not in self.join.copied:
            return text
        return f"{self.symbols.use('copy', self.bound)}.deepcopy({text})"

    def _input(self) -> str:
        assert self.join.foreach is not None
        name = self.join.foreach.frame.variable
        if name is None:
            return self.index
        if name in self.parameters:
            items = self.parameters[name]
        elif name in self.join.shared:
            items = self.given["shared", name, 0]
        else:
            items = f"{self.each}.{name}" if self.join.foreach.mapped else name
        return self._item(name, items)

    def _item(self, name: str, items: str) -> str:
        if self.context.indexable(name):
            return f"{items}[{self.index}]"
        return f"{self.symbols.use('item_at', self.bound)}({items}, {self.index})"
