"""@exit_hook to tasks: one behind the last node, one that handles the failure of the workflow."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from codegen.flyte import Field, FunctionInput, Task
from codegen.lower.context import Context
from codegen.lower.settings.hooks import Hook

#: Columns of a docstring, without its indent and the quotes at its ends.
_WIDTH = 88 - 4 - 6


def success_task(context: Context, start: Task) -> Task | None:
    """The task that calls the hooks of a run that has succeeded, if any. As on Argo, it runs in
    the image of the ``start``."""
    hooks = context.whole.hooks.on_success
    return _task(context, "on_success", hooks, start) if hooks else None


def failure_task(context: Context, start: Task, inputs: Sequence[FunctionInput]) -> Task | None:
    """The task that calls those of a run that has failed, if any. It must take the ``inputs`` of
    the workflow, with None where a local run leaves one out (flytekit/core/workflow.py)."""
    hooks = context.whole.hooks.on_error
    if not hooks:
        return None
    fields = [
        Field(given.name, given.type, default="None" if given.default == "None" else "")
        for given in inputs
    ]
    fields.sort(key=lambda field: bool(field.default))
    return _task(context, "on_error", hooks, start, tuple(fields))


def _task(
    context: Context,
    event: str,
    hooks: Sequence[Hook],
    start: Task,
    inputs: tuple[Field, ...] = (),
) -> Task:
    symbols = context.symbols
    options = [option for option in start.options if option.startswith("container_image=")]
    if context.whole.hooks.image is not None:
        options = [f"container_image={context.whole.hooks.image!r}"]
    calls = [
        f"{symbols.use('functools')}.partial({hook.name}, run=None)"
        if hook.takes_run
        else hook.name
        for hook in hooks
    ]
    listed = f"@exit_hook({event}=[{', '.join(hook.name for hook in hooks)}])."
    lines = textwrap.wrap(listed, _WIDTH, break_long_words=False)
    if len(lines) > 1:
        lines.append("")
    call = f"{symbols.use('run_hooks')}({', '.join(calls)})"
    body = '"""' + "\n".join(lines) + f'"""\n{call}'
    return Task(
        name=context.names.function(f"{context.names.workflow}_{event}"),
        decorator=symbols.use("task"),
        comments=("# its inputs are those of the workflow, as Flyte wants it",) if inputs else (),
        constants=(),
        options=tuple(options),
        wrappers=(),
        inputs=inputs,
        outputs=None,
        returns="None",
        body=textwrap.indent(body, "    "),
        hook=True,
    )
