"""Where a step ends: what its task returns there."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codegen.analyse.body import OTHERS, Exit, returns_next
from codegen.lower.body import CatchPlan, Replacement, returns_text
from codegen.lower.names import free
from codegen.lower.step.expressions import Expressions
from codegen.lower.transitions import transition_values


class Exits(Expressions):
    """What becomes of each ``return``, and of the end of the body."""

    def _replacement(self, node: ast.Return, found: Exit | None) -> Replacement:
        step = self.step
        evaluate = (
            node.value is not None
            and not isinstance(node.value, ast.Constant)
            and not returns_next(node, step.step.self_name)
        )
        if found is None or not found.reachable:
            return Replacement(("return",), evaluate)
        if found.fails:
            transition = step.step.transition
            assert transition is not None
            target = transition.targets[0]
            message = f"step {self.name} returned without self.next(self.{target})"
            return Replacement((f"raise RuntimeError({message!r})",), evaluate)
        return Replacement(self._return(found) or ("return",), evaluate)

    def _return(self, found: Exit) -> tuple[str, ...]:
        """The statements at an exit; none where there is nothing to return or to check."""
        step, context = self.step, self.context
        before, values = transition_values(context, step, self._value, self.expressions, self.bound)
        fields = [(context.fields[name], self._output(name, found)) for name in step.outputs]
        if step.mapped:
            if not fields:
                return ()
            unsure = [name for name in step.outputs if name in step.unsure]
            call = "set_artifacts" if unsure else "SimpleNamespace"
            plain = [(name, text) for name, (_, text) in zip(step.outputs, fields, strict=True)]
            if unsure:
                self.symbols.use("Unset")
            return (returns_text(self.symbols.use(call, self.bound), plain),)
        fields += [
            (field.name, value) for (_, field), value in zip(self.generated, values, strict=True)
        ]
        if not fields:
            return ()
        return (*before, returns_text(context.names.outputs[self.name], fields))

    def _output(self, name: str, found: Exit) -> str:
        """The value of an output at an exit; ``locals()`` tells whether it has one."""
        step, local = self.step, self._value(name)
        catch = step.facts.catch
        if catch is not None and name == catch.variable:
            return self._failure if found.caught else "None"
        if name == OTHERS and self.is_object:
            return "self.__others__()"
        if self.is_object:
            given = name in step.inputs and name not in step.optional and name not in found.gone
            if name in found.must or given:
                return local
            return f"getattr(self, {name!r}, {self.symbols.use('Unset', self.bound)})"
        passed = name in step.inputs and name not in self._guarded()
        if name in found.must or (passed and name not in found.gone):
            return local
        unset = self.symbols.use("Unset", self.bound)
        if name not in found.may and name not in step.inputs:
            return unset
        return f"locals().get({local!r}, {unset})"

    def _catch(self, tried: Sequence[str] = ()) -> CatchPlan | None:
        """What becomes of an error under @catch, in the body or the statements before it that are
        ``tried`` with it."""
        facts, attempts = self.step.facts, self.context.settings[self.name].attempts
        if facts.catch is None:
            return None
        error = free("error", self.bound | facts.names)
        times = f"times={attempts.retries}"
        more = ""
        if not attempts.shows:
            self.symbols.need("silent catch")
            more = ", show=False"
        call = f"{self.symbols.use('caught', self.bound)}({error}, {times}{more})"
        if facts.catch.variable is not None:
            call = f"{self._failure} = {call}"
        (found,) = (found for found in facts.exits if found.caught)
        check = f"{self.symbols.use('check_attempt', self.bound)}({times})"
        return CatchPlan(error, (check, *tried), (call, *self._return(found)))

    @property
    def _failure(self) -> str:
        """The local variable that holds the error which @catch has caught."""
        catch = self.step.facts.catch
        assert catch is not None and catch.variable is not None
        return self.local[catch.variable]
