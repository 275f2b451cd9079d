"""Options of the command line that are Flyte's own: --cache, --interruptible, --max-parallelism."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen import Options, translate
from codegen.cli import main
from tests.support.serialised import register_offline
from tests.unit.sources import flow_source, module

HEAD = """\
SCALE = 2
UNUSED = 3

def scaled(value):
    return value * factor()

def factor():
    return SCALE
"""
BODIES = ("self.x = scaled(1)", "self.y = self.x + 1", "print(self.y)")


def versions(*bodies: str, head: str = HEAD, members: str = "") -> dict[str, str]:
    """Cache versions by task."""
    source = flow_source(*(bodies or BODIES), head=head, members=members)
    code = translate(source, "flow.py", Options(cache=True)).code
    assert code is not None
    pattern = r'Cache\(version="(\w+)"\)(?:.*\n)*?def (\w+)\('
    return {name: version for version, name in re.findall(pattern, code)}


def test_every_task_has_a_version() -> None:
    found = versions()
    assert set(found) == {"start", "s1", "end"} and len(set(found.values())) == 3
    assert found == versions()


CHANGES: dict[str, tuple[dict[str, str], set[str]]] = {
    "a comment at the top": ({"SCALE = 2": "# twice\nSCALE = 2"}, set()),
    "what nothing uses": ({"UNUSED = 3": "UNUSED = 4"}, set()),
    "a function": ({"value * factor()": "factor() * value"}, {"start"}),
    "a constant behind two functions": ({"SCALE = 2": "SCALE = 3"}, {"start"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_versions_change_with_what_a_task_uses(change: str) -> None:
    replaced, expected = CHANGES[change]
    head = HEAD
    for old, new in replaced.items():
        head = head.replace(old, new)
    before, after = versions(), versions(head=head)
    assert {name for name in before if before[name] != after[name]} == expected


def test_versions_change_with_the_step() -> None:
    before = versions()
    after = versions(BODIES[0], "self.y = self.x + 2", BODIES[2])
    assert {name for name in before if before[name] != after[name]} == {"s1"}


def test_versions_change_with_helpers() -> None:
    bodies = ("self.x = 1", "self.grow()", "print(self.x)")
    one = versions(*bodies, members="def grow(self): self.x += 1")
    two = versions(*bodies, members="def grow(self): self.x += 2")
    assert one["s1"] != two["s1"] and one["start"] == two["start"]


def test_by_default_none_of_it() -> None:
    code = module(flow_source(*BODIES, head=HEAD))
    assert not re.search("Cache|interruptible|max_parallelism|LaunchPlan", code)


def test_registered(tmp_path: Path) -> None:
    options = Options(cache=True, interruptible=True, max_parallelism=3)
    code = translate(flow_source(*BODIES, head=HEAD), "flow.py", options).code
    assert code is not None
    path = tmp_path / "flyte_wf.py"
    path.write_text(code, encoding="utf-8")
    found = register_offline(path)
    tasks = {name.rpartition(".")[2]: each.template for name, each in found.tasks.items()}
    assert all(each.metadata.discoverable for each in tasks.values())
    assert tasks["s1"].metadata.discovery_version == versions()["s1"]
    workflow = found.workflows["flyte_wf.the_flow"].template
    assert workflow.metadata_defaults.interruptible
    plan = found.launch_plans["the_flow_limited"]
    assert plan.spec.max_parallelism == 3


def test_command_line(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text(flow_source(*BODIES, head=HEAD), encoding="utf-8")
    done = CliRunner().invoke(
        main, [str(flow), "--cache", "--interruptible", "--max-parallelism", "4"]
    )
    assert done.exit_code == 0
    for part in ("Cache(version=", "@workflow(interruptible=True)", "max_parallelism=4"):
        assert part in done.stdout
    refused = CliRunner().invoke(main, [str(flow), "--max-parallelism", "0"])
    assert refused.exit_code == 2 and "--max-parallelism" in refused.stderr
