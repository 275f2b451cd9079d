"""Workflows of more than a hundred nodes: grouped, with the same results, and small enough."""

from pathlib import Path

import pytest

from codegen import translate
from tests.support.random_runs import outcomes, report
from tests.support.serialised import register_offline
from tests.unit.sources import graph_source


def wide(arms: int) -> str:
    """A split of so many arms of two steps, and a chain of as many steps behind its join."""
    names = [f"a{i}" for i in range(arms)]
    steps = [f"start:\nself.x = [1]\nself.w = 2\n> {', '.join(names)}"]
    for i in range(arms):
        steps.append(f"a{i}:\nself.y = {i}\n> b{i}")
        steps.append(f"b{i}:\nself.x.append(self.y)\nself.z = (self.y,)\n> join")
    steps.append(
        "join/inputs:\nself.total = sorted(i.z[0] for i in inputs)\n"
        "self.some = inputs.b0.x, inputs.b3.x\n"
        "self.merge_artifacts(inputs, include=['w'])\n> c0"
    )
    steps += [f"c{i}:\nself.total.append({i})\n> c{i + 1}" for i in range(arms)]
    return graph_source(*steps, f"c{arms}:\n> end", "end:\nself.sum = sum(self.total) + self.w")


def inside(arms: int) -> str:
    """A foreach whose body is a long chain."""
    body = [f"s{i}:\nself.n = self.n + [{i}]\n> s{i + 1}" for i in range(1, arms)]
    return graph_source(
        "start:\nself.items = [1, 2]\n> s0 * items", "s0:\nself.n = [self.input]\n> s1", *body,
        f"s{arms}:\nself.last = self.index, self.foreach_stack()\n> join",
        "join/inputs:\nself.all = [(i.n, i.last) for i in inputs]\n> end", "end:",
    )  # fmt: skip


FLOWS = {"wide": wide(110), "inside": inside(105)}


@pytest.mark.parametrize("name", FLOWS)
def test_same_results(name: str, tmp_path: Path) -> None:
    found = outcomes({0: FLOWS[name].replace("TheFlow", "RandomFlow")}, tmp_path, lambda *_: {})
    assert report(found) == "" and found[0].codes == () and not found[0].failed


@pytest.mark.parametrize("name", FLOWS)
def test_no_workflow_is_too_large(name: str, tmp_path: Path) -> None:
    code = translate(FLOWS[name], "flow.py").code
    assert code is not None
    (tmp_path / "flyte_wf.py").write_text(code, encoding="utf-8")
    registered = register_offline(tmp_path / "flyte_wf.py")
    sizes = {key: len(flow.template.nodes) for key, flow in registered.workflows.items()}
    assert max(sizes.values()) <= 100, sizes
    assert sum(key.endswith("_part") for key in sizes) > 1


def test_a_little_growth_leaves_the_groups_alone() -> None:
    """Only the last group of a chain takes the new step."""
    before, after = (translate(wide(count)).code for count in (110, 111))
    assert before is not None and after is not None
    kept = set(before.splitlines())
    assert "def a0_part(" in before
    assert len([line for line in after.splitlines() if line not in kept]) < 60
