"""Decorators of Metaflow's extension packages: each is named with what to do instead."""

from pathlib import Path

import pytest

from codegen import Options, translate
from codegen.extensions import EXTENSIONS, not_translated
from codegen.parse import table

_FLOW = """\
{imports}
from metaflow import FlowSpec, step


class TheFlow(FlowSpec):
    @{used}
    @step
    def start(self):
        print("training")
"""

#: What the advice must name: the place to go.
NAMED = {
    "app_deploy": "outside of the workflow",
    "checkpoint": "current_context().checkpoint",
    "deepspeed": "flytekitplugins-kfpytorch",
    "fast_bakery_internal": "ImageSpec",
    "gpu_profile": "metrics of the cluster",
    "huggingface_hub": "snapshot_download",
    "metaflow_ray": "flytekitplugins-ray",
    "model": "FlyteDirectory",
    "mpi": "flytekitplugins-kfmpi",
    "nim": "NIM in flytekitplugins-inference",
    "nvct": "@resources(gpu=",
    "nvidia": "@resources(gpu=",
    "ollama": "Ollama in flytekitplugins-inference",
    "ray_parallel": "flytekitplugins-ray",
    "slurm": "flytekitplugins-slurm",
    "snowpark": "flytekitplugins-snowflake",
    "tensorflow_parallel": "flytekitplugins-kftensorflow",
    "titus": "@resources",
    "torchrun": "flytekitplugins-kfpytorch",
    "vllm": "VLLM in flytekitplugins-inference",
    "wandb_log": "flytekitplugins-wandb",
}


def test_all_are_looked_at() -> None:
    assert NAMED.keys() == EXTENSIONS.keys()
    assert not EXTENSIONS.keys() & (table.STEP_DECORATORS.keys() | table.FLOW_DECORATORS.keys())


def test_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "extensions.md").read_text(encoding="utf-8")
    for name, found in EXTENSIONS.items():
        assert f"| `@{name}` | {found.does} | {found.instead} |" in page.splitlines()


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    ("imports", "used"),
    [
        ("from metaflow import {}", "{}"),
        ("from metaflow import {} as renamed", "renamed(option=1)"),
        ("import metaflow", "metaflow.{}"),
        ("from vendor.metaflow import {}", "{}"),
        ("from vendor.metaflow import {} as renamed", "renamed(option=1)"),
        ("import vendor.metaflow", "vendor.metaflow.{}(option=1)"),
    ],
)
def test_message(name: str, imports: str, used: str) -> None:
    source = _FLOW.format(imports=imports.format(name), used=used.format(name))
    result = translate(source, "flow.py")
    assert result.code is None
    (message,) = result.diagnostics
    assert (message.code, message.step) == ("MF502", "start")
    assert (message.position.line, message.position.column) == (6, 6)
    assert message.message == f"@{name} {EXTENSIONS[name].does}: it is not translated"
    assert NAMED[name] in message.advice
    assert message.advice.endswith(f". --drop-decorator {name} leaves it out.")


@pytest.mark.parametrize("name", NAMED)
def test_dropped(name: str) -> None:
    source = _FLOW.format(imports=f"from metaflow import {name}", used=name)
    result = translate(source, "flow.py", Options(drop=(name,)))
    assert [message.code for message in result.diagnostics] == ["MF509"]
    assert result.code is not None and name not in result.code.split("def start")[1]


def test_others_are_not_known() -> None:
    assert not_translated("retry") is None
    for imports in ("from metaflow import strange", "from elsewhere import strange"):
        source = _FLOW.format(imports=imports, used="strange")
        (message,) = translate(source, "flow.py").diagnostics
        assert message.code == "MF502"
        assert "--drop-decorator strange" in message.advice


def test_own_decorator_of_such_a_name() -> None:
    """One that the file defines is the author's own."""
    own = "import functools\n\n\ndef model(fn):\n    @functools.wraps(fn)\n    def call(self):\n"
    own += "        return fn(self)\n    return call\n\n"
    result = translate(_FLOW.format(imports=own, used="model"), "flow.py")
    assert result.code is not None
