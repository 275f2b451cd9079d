"""The command line: reads files, prints, and turns results into exit codes. Nothing else."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path

import click

from codegen import __version__
from codegen.options import Options

#: The flow cannot be translated, or ``--check`` found a module that is not current.
FAILED = 1


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 fine, 1 the flow cannot be translated (or --check found a difference), "
    "2 wrong usage.",
)
@click.argument("flow", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the module to this file instead of standard output.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if OUTPUT is not current.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change in OUTPUT.")
@click.option("--flow", "name", metavar="NAME", help="Translate this flow of several in the file.")
@click.option(
    "--drop-decorator",
    "drop",
    metavar="NAME",
    multiple=True,
    help="Leave out this decorator of steps and flows, with a warning; may be repeated.",
)
@click.option(
    "--with",
    "decorate",
    metavar="NAME[:KEY=VALUE,…]",
    multiple=True,
    help="Add this decorator to all steps that do not have it; may be repeated.",
)
@click.option(
    "--config",
    nargs=2,
    metavar="NAME FILE",
    multiple=True,
    help="Freeze this file as a Config of the flow; may be repeated.",
)
@click.option(
    "--config-value",
    nargs=2,
    metavar="NAME JSON",
    multiple=True,
    help="Freeze this value as a Config of the flow; may be repeated.",
)
@click.option("--branch", metavar="NAME", help="The branch of @project.")
@click.option("--production", is_flag=True, help="Translate for the production branch of @project.")
@click.option(
    "--keep-metaflow",
    is_flag=True,
    help="Keep Metaflow's client (Flow, Run, …) in tasks, which get metaflow in their images.",
)
@click.option(
    "--s3root",
    metavar="URL",
    help="Where S3(run=self) keeps files: the DATATOOLS_S3ROOT of Metaflow, s3://….",
)
@click.option(
    "--registry",
    metavar="HOST/PATH",
    help="Where the images of @conda and @pypi are pushed to, such as ghcr.io/team.",
)
@click.option("--image", metavar="NAME:TAG", help="The image of tasks that choose none.")
@click.option("--cache", is_flag=True, help="Let Flyte keep the results of all tasks.")
@click.option(
    "--interruptible", is_flag=True, help="Let tasks run on machines that may be taken away."
)
@click.option(
    "--max-parallelism",
    type=click.IntRange(min=1),
    metavar="N",
    help="Let the launch plan run at most so many tasks at once.",
)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How messages are shown on standard error.",
)
@click.option("--explain", metavar="CODE", help="Show the documentation of a message and exit.")
@click.version_option(__version__, prog_name="mf-codegen")
def main(
    flow: Path | None,
    output: Path | None,
    check: bool,
    diff: bool,
    name: str | None,
    drop: tuple[str, ...],
    decorate: tuple[str, ...],
    config: tuple[tuple[str, str], ...],
    config_value: tuple[tuple[str, str], ...],
    branch: str | None,
    production: bool,
    keep_metaflow: bool,
    s3root: str | None,
    registry: str | None,
    image: str | None,
    cache: bool,
    interruptible: bool,
    max_parallelism: int | None,
    strict: bool,
    format_: str,
    explain: str | None,
) -> None:
    """Translate the Metaflow flow in the file FLOW into a flytekit module.

    The source is read, never imported or run. The module goes to standard output, messages go to
    standard error.
    """
    gc.set_threshold(100_000, 50, 100)  # imports and trees allocate much, and little is garbage
    if explain is not None:
        click.echo(_page(explain), nl=False)
        return
    if flow is None:
        raise click.UsageError("Missing argument 'FLOW'.")
    if (check or diff) and output is None:
        raise click.UsageError("--check and --diff compare with a module: give it with -o.")
    data = _read(flow)
    if output is not None and output.exists() and output.samefile(flow):
        raise click.UsageError("The module would replace the flow: give another file with -o.")
    options = Options(
        module=output.name if output is not None else Options.module,
        folder=flow.parent if flow.is_file() else Path(),  # standard input has none of its own
        flow=name,
        drop=tuple(found.removeprefix("@") for found in drop),
        decorate=decorate,
        config=config,
        config_value=config_value,
        branch=branch,
        production=production,
        keep_metaflow=keep_metaflow,
        s3root=s3root,
        registry=registry,
        image=image,
        cache=cache,
        interruptible=interruptible,
        max_parallelism=max_parallelism,
    )
    code = _translated(data, flow, options, strict, format_)
    if code is None:
        sys.exit(FAILED)
    if output is None:
        _print(code)
    elif check or diff:
        _compare(code, output, diff)
    else:
        _write(code, output)


def _page(code: str) -> str:
    from codegen.diagnostics import CODES
    from codegen.resources import folder

    name = code.strip().upper()
    if name not in CODES:
        raise click.BadParameter(f"there is no message {code!r}.", param_hint="--explain")
    return (folder("pages", "docs/diagnostics") / f"{name}.md").read_text(encoding="utf-8")


def _read(flow: Path) -> bytes:
    """The bytes of the source; usage errors where it is none."""
    if flow.is_dir():
        raise click.BadParameter(
            f"{str(flow)!r} is a folder, not a Python file.", param_hint="FLOW"
        )
    try:
        return flow.read_bytes()
    except OSError as error:
        raise click.BadParameter(
            f"{str(flow)!r} cannot be read: {error.strerror}.", param_hint="FLOW"
        ) from error


def _translated(
    data: bytes, flow: Path, options: Options, strict: bool, format_: str
) -> str | None:
    """The code, or None after messages that forbid to use it."""
    from codegen import diagnostics as messages
    from codegen import pipeline

    result = pipeline.translate(data, str(flow), options)
    show = {"text": messages.as_text, "json": messages.as_json, "github": messages.as_github}
    if result.diagnostics or format_ == "json":
        click.echo(show[format_](result.diagnostics, str(flow)), err=True, nl=False)
    warned = any(found.severity is messages.Severity.WARNING for found in result.diagnostics)
    return None if strict and warned else result.code


def _print(code: str) -> None:
    """The module on standard output, in UTF-8 whatever the terminal's encoding."""
    sys.stdout.buffer.write(code.encode("utf-8"))
    sys.stdout.buffer.flush()


def _current(output: Path) -> str:
    """The module as it stands; empty if there is none."""
    try:
        return output.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(
            f"{str(output)!r} cannot be read: {error}.", param_hint="-o"
        ) from error


def _compare(code: str, output: Path, diff: bool) -> None:
    import difflib

    current = _current(output)
    if current == code:
        return
    if diff:
        lines = difflib.unified_diff(
            current.splitlines(keepends=True),
            code.splitlines(keepends=True),
            str(output),
            f"{output} (from the flow)",
        )
        _print("".join(_whole(line) for line in lines))
    else:
        click.echo(f"{output} is not current: run mf-codegen with -o {output}", err=True)
    sys.exit(FAILED)


def _whole(line: str) -> str:
    """A line of a difference, which may stem from a file without a line break at its end."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _write(code: str, output: Path) -> None:
    """Replace the file as a whole or not at all; leave it alone if it would not change."""
    if _current(output) == code:
        return
    target = output.resolve()  # a link stays one
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(code.encode("utf-8"))
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise click.BadParameter(
            f"{str(output)!r} cannot be written: {error.strerror}.", param_hint="-o"
        ) from error


def _mode(target: Path) -> int:
    """The rights of a file that is there, else those of a new one."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
