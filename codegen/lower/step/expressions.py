"""What stands for ``self.index``, ``self.input``, members of the class and inputs of a join."""

from __future__ import annotations

import ast

from codegen.analyse.dataflow import StepFlow
from codegen.lower.context import Context
from codegen.lower.members import named
from codegen.lower.names import free
from codegen.lower.step.given import Given


class Expressions(Given):
    """The texts that replace expressions of the source; ``item`` is a statement that they need."""

    def __init__(self, context: Context, step: StepFlow) -> None:
        super().__init__(context, step)
        self.item = ""
        self.expressions = self._expressions()

    def _expressions(self) -> dict[str, str]:
        """What stands for expressions of the source other than artifacts."""
        step, own = self.step, self.step.step.self_name
        found: dict[str, str] = {}
        used = set() if self.is_object else {member.name for member in step.facts.members}
        frames = step.frames
        if not self.is_object:
            for name, text in self._member_texts().items():
                shown = self._unmangled(name)
                for owner in (own, *(found_class.name for found_class in self.flow.classes)):
                    found[f"{owner}.{shown}"] = text
            for name in self._fresh():
                found[f"{own}.{self._unmangled(name)}"] = self.local[name]
        if "index" in used:
            depth = len(frames) - 1
            found[f"{own}.index"] = self._index(depth) if frames else "None"
        if "input" in used:
            found[f"{own}.input"] = self._input() if frames else "None"
        if "foreach_stack" in used:
            found[f"{own}.foreach_stack()"] = self._stack()
        for text in step.facts.parallel:
            depth = len(frames) - 1
            is_index = text.endswith("node_index")
            found[text] = self._index(depth) if is_index else self._elements(depth)
        if self.join is not None:
            argument = step.step.node.args.args[1].arg
            if self.join.foreach is not None:
                for tail in self.join.branches[0].tails:
                    found[f"{argument}.{tail}"] = f"{argument}[-1]"
            elif not self.join.objects:
                for number, branch in enumerate(self.join.branches):
                    for key in self.join.attributes[number]:
                        shown = self._unmangled(key)
                        text = f"{argument}.{branch.label}.{shown}"
                        found[text] = self.given["branch", key, number]
                    for key in self.join.parameters:
                        found[f"{argument}.{branch.label}.{key}"] = self._same(key)
        return found

    def _stack(self) -> str:
        rows = [
            f"({self._index(depth)}, {self._count(depth)}, {self._item(depth)})"
            for depth in range(len(self.step.frames))
        ]
        return f"[{', '.join(rows)}]"

    def _index(self, depth: int) -> str:
        return self.given["index", self.step.frames[depth].target, depth]

    def _elements(self, depth: int) -> str:
        return self.given["count", self.step.frames[depth].target, depth]

    def _count(self, depth: int) -> str:
        """The number of elements in ``foreach_stack()``, which parallel nodes do not have."""
        parallel = self.step.frames[depth].variable is None
        return "None" if parallel else self._elements(depth)

    def _input(self) -> str:
        """``self.input``: once, or for a list that the step replaces, where it stands; else a
        local variable."""
        depth = len(self.step.frames) - 1
        text = self._item(depth)
        name = self.step.frames[depth].variable
        count = sum(
            isinstance(node, ast.Attribute) and node.attr == "input"
            for node in ast.walk(self.step.step.node)
        )
        facts = self.step.facts
        if self.is_object:
            return text
        later = name in facts.assigned and name not in facts.looked_up
        once = count == 1 and name not in facts.assigned
        if text == "None" or name is None or later or once or self.join is not None:
            return text
        item = free("item", self.bound | self.step.facts.names)
        self.item = f"{item} = {text}"
        return item

    def _item(self, depth: int) -> str:
        """The element of the foreach at a depth; None where its list is not there."""
        name = self.step.frames[depth].variable
        if name is None:
            return self._index(depth)
        index = self._index(depth)
        if name in self.flow.constants:
            return f"{self._constant(name)}[{index}]"
        if name in self.flow.helpers:
            return f"{self.symbols.use('item_at', self.bound)}(self.{name}, {index})"
        known = name in self.step.parameters or name in self.step.inputs
        if not known and name not in self.step.facts.assigned:
            return "None"
        if self.context.indexable(name):
            return f"{self.local[name]}[{index}]"
        return f"{self.symbols.use('item_at', self.bound)}({self.local[name]}, {index})"

    def _constant(self, name: str) -> str:
        """The text of a class constant in the prologue."""
        return self.local.get(name) or self.members.texts[name]

    def _same(self, name: str) -> str:
        """A Parameter or constant of the class, which an input of a join has as well."""
        if name not in self.flow.constants:
            return self.local[name]
        if name in self._fresh():
            return self.local[name]
        return self.members.texts.get(name) or self._constant_value(name)

    def _constant_value(self, name: str) -> str:
        """The expression of a class constant, with what stands for others in it."""
        if name in self.members.configs:
            return self.members.copy_of(name)
        names = {**self.members.texts, **{other: self.local[other] for other in self._fresh()}}
        return named(self.members.locals[name], names)
