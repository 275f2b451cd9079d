"""@trigger, @trigger_on_finish and Airflow's sensors: what Metaflow refuses, what is said."""

from pathlib import Path

import pytest

from codegen import Options, translate
from codegen.diagnostics import Diagnostic
from tests.support.metaflow_side import run_metaflow
from tests.unit.sources import codes, flow_source, module

IMPORTS = (
    "from metaflow import (FlowSpec, Parameter, airflow_external_task_sensor,"
    " airflow_s3_key_sensor, current, step, trigger, trigger_on_finish)\n"
    "from metaflow import namespaced_event_name"
)
HEAD = "EVENT = 'orders'\ndef later(context): return 'orders'\ndef unknown(): pass\n"
MEMBERS = "day = Parameter('day', default='x')\ntop = Parameter('Limit', type=int, default=1)"


def source(decorator: str, body: str = "pass", members: str = MEMBERS) -> str:
    text = flow_source(body, "pass", head=HEAD, members=members, imports=IMPORTS)
    return text.replace("class TheFlow", f"@{decorator}\nclass TheFlow")


def only(text: str, code: str) -> Diagnostic:
    (found,) = (m for m in translate(text, "flow.py").diagnostics if m.code == code)
    return found


# ---------------------------------------------------------------------- @trigger


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("event='orders'", "when orders has arrived (fields with the names of its inputs"),
        ("event=EVENT", "when orders has arrived (fields"),
        ("event={'name': 'orders'}", "when orders has arrived (fields"),
        ("events=['orders']", "when orders has arrived (fields"),
        ("events=['a.b', 'c-d', 'e']", "when a.b, c-d and e have all arrived"),
        (
            "event={'name': 'orders', 'parameters': {'day': 'date', 'limit': 'most'}}",
            "when orders has arrived (its date is --day, its most is --top)",
        ),
        (
            "event={'name': 'orders', 'parameters': ['DAY', ('limit', 'most')]}",
            "when orders has arrived (its DAY is --day, its most is --top)",
        ),
        (
            "events=[{'name': 'a', 'parameters': {'day': 'd'}}, 'b']",
            "when a and b have all arrived (d of a is --day)",
        ),
        ("event=later", "when later has arrived"),
        ("event=lambda context: 'x'", "when lambda context: 'x' has arrived"),
        ("events=later", "when later has arrived"),
        ("events=[later, 'b']", "when later and b have all arrived"),
        ("event={'name': later, 'parameters': later}", "when later has arrived"),
        ("event=namespaced_event_name('n')", "when namespaced_event_name('n') has arrived"),
        ("event={'name': namespaced_event_name(EVENT)}", "when namespaced_event_name(EVENT) has"),
        ("event='orders', options={'reset_at': {'cron': '* * * * *'}}", "when orders has arrived"),
        ("event='orders', events=[]", "when orders has arrived"),
        ("event={'name': 'orders', 'parameters': 5}", "when orders has arrived"),
        ("event=None, events=['orders']", "when orders has arrived"),
    ],
)
def test_event(arguments: str, said: str) -> None:
    text = source(f"trigger({arguments})")
    assert {*codes(text)} == {"MF206", "MF645"}
    found = only(text, "MF645")
    assert said in found.message
    assert (found.position.line, found.position.column) == (8, 2)
    assert "# MF645: Flyte waits for no events" in module(text)


def test_event_of_a_flow_without_parameters() -> None:
    found = only(source("trigger(event='orders')", members=""), "MF645")
    assert found.message.endswith("when orders has arrived")


REFUSED = {
    "": "MF121",
    "()": "MF121",
    "(event='')": "MF121",
    "(events=[])": "MF121",
    "(event='a', events=['b'])": "MF121",
    "(events='a')": "MF121",
    "(events=('a', 'b'))": "MF121",
    "(event=['a'])": "MF121",
    "(event=5)": "MF121",
    "(event={'parameters': {'day': 'd'}})": "MF121",
    "(events=['a', 'a'])": "MF121",
    "(events=['a', {'name': 'a'}])": "MF121",
    "(event={'name': 'a', 'parameters': {'day': 3}})": "MF121",
    "(event={'name': 'a', 'parameters': {3: 'day'}})": "MF121",
    "(event={'name': 'a', 'parameters': [3]})": "MF121",
    "(event={'name': 'a', 'parameters': [('day', 'b', 'c')]})": "MF121",
    "(event={'name': 'a', 'parameters': [('day', 1)]})": "MF121",
    "('a')": "MF120",
    "(on='a')": "MF120",
}
#: Refused by Metaflow where it deploys to Argo, not by a local run.
REFUSED_THERE = {
    "(event='a b')": "MF121",
    "(event={'name': 'a/b'})": "MF121",
    "(event={'name': 'a', 'parameters': {'day': 'x-y'}})": "MF121",
    "(event={'name': 'a', 'parameters': {'week': 'x'}})": "MF121",
    "(event={'name': 'a', 'parameters': {'top': 'x'}})": "MF121",
    "(events=[{'name': 'a', 'parameters': {'day': 'x'}}, {'name': 'b', 'parameters': ['Day']}])":
        "MF121",
}  # fmt: skip
UNKNOWN = {"(event=unknown())": "MF301", "(events=['a', unknown()])": "MF301"}


@pytest.mark.parametrize(("arguments", "code"), {**REFUSED, **REFUSED_THERE, **UNKNOWN}.items())
def test_event_refused(arguments: str, code: str) -> None:
    found = codes(source(f"trigger{arguments}"))
    assert code in found and "MF645" not in found
    assert set(found) <= {code, "MF206", "MF121"}


def refused_by_metaflow(text: str, folder: Path) -> bool:
    (folder / "flow.py").write_text(text, encoding="utf-8")
    run = run_metaflow(folder / "flow.py", {}, flow_name="TheFlow")
    return run.error is not None and not run.steps


def test_functions_in_messages() -> None:
    found = only(source("trigger(event=[later])"), "MF121")
    assert "[later] is no event" in found.message


@pytest.mark.slow
@pytest.mark.parametrize("arguments", REFUSED)
def test_metaflow_refuses_the_event(arguments: str, tmp_path: Path) -> None:
    assert refused_by_metaflow(source(f"trigger{arguments}"), tmp_path)


# ---------------------------------------------------------------------- @trigger_on_finish


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("flow='AFlow'", "when AFlow has succeeded"),
        ("flows=['AFlow']", "when AFlow has succeeded"),
        ("flows=['AFlow', 'p.prod.BFlow']", "when AFlow and p.prod.BFlow have all succeeded"),
        ("flow='p.test.x.BFlow'", "when p.test.x.BFlow has succeeded"),
        ("flow={'name': 'AFlow'}", "when AFlow has succeeded"),
        (
            "flow={'name': 'AFlow', 'project': 'p', 'project_branch': 'prod'}",
            "when AFlow (project p, branch prod) has succeeded",
        ),
        ("flows=[{'name': 'AFlow', 'project_branch': 'prod'}, later]", "AFlow (branch prod) and "),
        ("flow=later", "when later has succeeded"),
        ("flows=lambda context: []", "when lambda context: [] has succeeded"),
        ("flow='AFlow', options={}", "when AFlow has succeeded"),
    ],
)
def test_flow(arguments: str, said: str) -> None:
    text = source(f"trigger_on_finish({arguments})", members="")
    assert codes(text) == ["MF646"]
    assert said in only(text, "MF646").message
    assert "# MF646: Flyte does not start workflows after others" in module(text)


REFUSED_FLOWS = {
    "": "MF121",
    "()": "MF121",
    "(flow='')": "MF121",
    "(flows=[])": "MF121",
    "(flow='A', flows=['B'])": "MF121",
    "(flows='A')": "MF121",
    "(flow=5)": "MF121",
    "(flows=[['A']])": "MF121",
    "(flow='p.A')": "MF121",
    "(flow='a-b')": "MF121",
    "(flow='p.prod.')": "MF121",
    "(flow={})": "MF121",
    "(flow={'project': 'p'})": "MF121",
    "(flow={'name': 'p.A'})": "MF121",
    "(flow={'name': 3})": "MF121",
    "(flow={'name': 'A', 'project': 3})": "MF121",
    "(flow={'name': 'A', 'project_branch': 3})": "MF121",
    "('A')": "MF120",
    "(after='A')": "MF120",
}


@pytest.mark.parametrize(
    ("arguments", "code"), {**REFUSED_FLOWS, "(flow=unknown())": "MF301"}.items()
)
def test_flow_refused(arguments: str, code: str) -> None:
    found = codes(source(f"trigger_on_finish{arguments}", members=""))
    assert code in found and "MF646" not in found
    assert set(found) <= {code, "MF121"}


@pytest.mark.slow
@pytest.mark.parametrize("arguments", REFUSED_FLOWS)
def test_metaflow_refuses_the_flow(arguments: str, tmp_path: Path) -> None:
    assert refused_by_metaflow(source(f"trigger_on_finish{arguments}", members=""), tmp_path)


# ---------------------------------------------------------------------- around them


def test_trigger_of_the_run() -> None:
    found = only(source("trigger(event='a')", body="print(current.trigger.event.name)"), "MF503")
    assert "give the event's data as Parameters" in found.advice and found.step == "start"


def test_both_are_named() -> None:
    text = source("trigger(event='a')\n@trigger_on_finish(flow='B')", members="")
    assert codes(text) == ["MF645", "MF646"]


def test_given_twice() -> None:
    assert "MF120" in codes(source("trigger(event='a')\n@trigger(event='b')"))


def test_nothing_of_them_is_left() -> None:
    code = module(source("trigger(event=namespaced_event_name('a'))", members=""))
    assert "metaflow" not in code.replace("Metaflow", "") and "trigger" not in code


# ---------------------------------------------------------------------- sensors

S3 = "airflow_s3_key_sensor"
TASK = "airflow_external_task_sensor"


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        (f"{S3}(bucket_key='s3://b/k')", ["MF647"]),
        (f"{S3}(bucket_key=['a', 'b'], bucket_name='b', timeout=5)", ["MF647"]),
        (f"{S3}(bucket_key='a')\n@{S3}(bucket_key='b')", ["MF647", "MF647"]),
        (f"{S3}", ["MF121"]),
        (f"{S3}(bucket_key=None)", ["MF121"]),
        (f"{S3}(bucket_key=unknown())", ["MF301"]),
        (f"{S3}(bucket_key='a', key='b')", ["MF120", "MF647"]),
        (f"{TASK}(external_dag_id='d')", ["MF647"]),
        (f"{TASK}(external_dag_id='d', external_task_ids=['t'])", ["MF647"]),
        (f"{TASK}()", ["MF121"]),
        (f"{TASK}(external_dag_id=unknown())", ["MF301"]),
    ],
)
def test_sensor(decorator: str, expected: list[str]) -> None:
    assert codes(source(decorator, members="")) == expected


def test_sensors_can_be_dropped() -> None:
    text = source(f"{S3}(bucket_key='a')", members="")
    assert f"--drop-decorator {S3}" in only(text, "MF647").advice
    result = translate(text, "flow.py", Options(drop=(S3,)))
    assert result.code is not None and [m.code for m in result.diagnostics] == ["MF509"]


def test_the_sensor_of_the_advice_exists(tmp_path: Path) -> None:
    """A workflow around the generated one, as the advice has it."""
    from tests.support.serialised import register_offline

    code = module(source("trigger(event='a')", members=""))
    (tmp_path / "flyte_wf.py").write_text(code, encoding="utf-8")
    around = (
        "from flytekit import workflow\nfrom flytekit.sensor.file_sensor import FileSensor\n"
        "from flyte_wf import the_flow\n\n"
        "bids = FileSensor(name='bids')\n\n\n@workflow\ndef waiting() -> None:\n"
        "    bids(path='s3://bucket/key') >> the_flow()\n"
    )
    (tmp_path / "waiting.py").write_text(around, encoding="utf-8")
    found = register_offline(tmp_path / "waiting.py")
    nodes = {n.id: n for n in found.workflows["waiting.waiting"].template.nodes}
    (flow,) = (node for node in nodes.values() if node.HasField("workflow_node"))
    assert [nodes[node].task_node.reference_id.name for node in flow.upstream_node_ids] == ["bids"]
    assert found.tasks["bids"].template.type == "sensor"
