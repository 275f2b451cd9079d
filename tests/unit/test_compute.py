"""@resources, @kubernetes and @batch: each attribute, by its usual and its odd values, beside what
Metaflow's own code makes of it."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from codegen import translate
from codegen.diagnostics import Diagnostic, Severity
from tests.cases import Case, cases
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_compute import Attributes, amounts, metaflow_job, metaflow_pod
from tests.support.metaflow_side import run_metaflow
from tests.support.serialised import register_offline

IMPORTS = "from metaflow import FlowSpec, batch, kubernetes, resources, step, timeout"
GPU = "nvidia.com/gpu"
TABLE = {"a": "b"}


def source(*steps: str, head: str = "") -> str:
    """A linear flow whose steps `start`, `s1`, `s2`, … stand under these decorators; the last one,
    `end`, under none."""
    names = ["start", *(f"s{number}" for number in range(1, len(steps))), "end"]
    lines = [IMPORTS, head, "class TheFlow(FlowSpec):"]
    for name, decorators, after in zip(names, [*steps, ""], [*names[1:], ""], strict=True):
        lines += [f"    {line}" for line in decorators.split("\n") if line]
        body = f"self.next(self.{after})" if after else "pass"
        lines += ["    @step", f"    def {name}(self):", f"        {body}"]
    return "\n".join([*lines, ""])


def written(decorators: Attributes) -> str:
    """The decorators as a flow's source has them."""
    return "\n".join(
        f"@{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"
        for name, given in decorators.items()
    )


def messages(decorators: str, head: str = "") -> list[Diagnostic]:
    return list(translate(source(decorators, head=head), "flow.py").diagnostics)


def options(decorators: str, head: str = "") -> dict[str, str]:
    """The arguments of the `@task` of `start`."""
    code = module(decorators, head)
    task = next(
        node
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef) and node.name == "start"
    )
    called = task.decorator_list[0]
    if not isinstance(called, ast.Call):
        return {}
    return {word.arg or "": ast.unparse(word.value) for word in called.keywords}


def module(decorators: str, head: str = "") -> str:
    result = translate(source(decorators, head=head), "flow.py")
    assert result.code is not None, result.diagnostics
    return result.code


def pod(decorators: str, head: str = "") -> str:
    """The pod of `start`, without what every pod has."""
    (text,) = re.findall(r"^START_POD = (.*?\n\))$", module(decorators, head), re.S | re.M)
    plain = ast.unparse(ast.parse(text))
    plain = plain.removeprefix("PodTemplate(pod_spec=V1PodSpec(").removesuffix("))")
    return plain.replace("containers=[V1Container(name='primary')], ", "")


# ---------------------------------------------------------------------- what becomes of attributes

ASKED = {
    "@resources": "cpu='1', mem='4096M'",
    "@resources(cpu=2)": "cpu='2', mem='4096M'",
    "@resources(cpu='0.5', memory='1e3')": "cpu='0.5', mem='1000M'",
    "@resources(memory=1500.5)": "cpu='1', mem='1500.5M'",
    "@resources(memory=10**7)": "cpu='1', mem='10000000M'",
    "@resources(gpu=1)": "cpu='1', mem='4096M', gpu='1'",
    "@resources(gpu='2')": "cpu='1', mem='4096M', gpu='2'",
    "@resources(gpu=0)": "cpu='1', mem='4096M'",
    "@resources(gpu=None, disk=None)": "cpu='1', mem='4096M'",
    "@resources(cpu=None, memory=None)": "cpu='1', mem='4096M'",
    "@resources(disk=500)": "cpu='1', mem='4096M', ephemeral_storage='500M'",
    "@resources(disk=0)": "cpu='1', mem='4096M'",
    "@kubernetes": "cpu='1', mem='4096M', ephemeral_storage='10240M'",
    "@kubernetes(cpu=.25, memory=100, disk='1')": "cpu='0.25', mem='100M', ephemeral_storage='1M'",
    "@kubernetes(gpu='1')": "cpu='1', mem='4096M', gpu='1', ephemeral_storage='10240M'",
    "@kubernetes(gpu=0)": "cpu='1', mem='4096M', ephemeral_storage='10240M'",
    "@kubernetes(gpu=0, gpu_vendor='AMD')": "cpu='1', mem='4096M', ephemeral_storage='10240M'",
    "@kubernetes(gpu_vendor='')": "cpu='1', mem='4096M', ephemeral_storage='10240M'",
    "@kubernetes(qos='Burstable')": "cpu='1', mem='4096M', ephemeral_storage='10240M'",
    "@batch": "cpu='1', mem='4096Mi'",
    "@batch(cpu='2', memory=100.9, gpu=1.5)": "cpu='2', mem='100Mi', gpu='1'",
    "@batch(ephemeral_storage=100)": "cpu='1', mem='4096Mi', ephemeral_storage='100Gi'",
    "@batch(ephemeral_storage=0)": "cpu='1', mem='4096Mi'",
    # together
    "@resources(cpu=.5, memory=1)\n@kubernetes": "cpu='1', mem='4096M', ephemeral_storage='10240M'",
    "@kubernetes(cpu=0)\n@resources(cpu=3)": "cpu='3', mem='4096M', ephemeral_storage='10240M'",
    "@kubernetes(cpu=4, gpu=2, disk=1)\n@resources(cpu=3, gpu=0, disk=2)": (
        "cpu='4', mem='4096M', ephemeral_storage='2M'"
    ),
    "@kubernetes(gpu=2)\n@resources(gpu=None)": (
        "cpu='1', mem='4096M', gpu='2', ephemeral_storage='10240M'"
    ),
    "@batch\n@resources(memory=1000)": "cpu='1', mem='1000Mi'",
    "@batch(memory=500, cpu=.5)\n@resources(gpu=1)": "cpu='1', mem='4096Mi', gpu='1'",
    "@batch(gpu=2)\n@resources(gpu=1, disk=7)": (
        "cpu='1', mem='4096Mi', gpu='2', ephemeral_storage='7M'"
    ),
}


@pytest.mark.parametrize("decorators", ASKED)
def test_requests(decorators: str) -> None:
    assert options(decorators) == {"requests": f"Resources({ASKED[decorators]})"}
    assert messages(decorators) == []


OPTIONS = {
    "@resources(shared_memory=64)": ("shared_memory", "'64Mi'"),
    "@resources(shared_memory='64')": ("shared_memory", "'64Mi'"),
    "@kubernetes(shared_memory=128)": ("shared_memory", "'128Mi'"),
    "@kubernetes(shared_memory=128)\n@resources(shared_memory=64)": ("shared_memory", "'64Mi'"),
    "@batch(shared_memory='128.5')": ("shared_memory", "'128Mi'"),
    "@batch(shared_memory=128)\n@resources(shared_memory=64)": ("shared_memory", "'128Mi'"),
    "@kubernetes(image='host/img:1')": ("container_image", "'host/img:1'"),
    "@batch(image='host/img@sha256:0a')": ("container_image", "'host/img@sha256:0a'"),
    "@kubernetes(labels={'a': 'b', 'c': None})": ("labels", "{'a': 'b', 'c': ''}"),
    "@kubernetes(annotations={'a': 'any text: 1'})": ("annotations", "{'a': 'any text: 1'}"),
    "@kubernetes(qos='GUARANTEED')": (
        "limits",
        "Resources(cpu='1', mem='4096M', ephemeral_storage='10240M')",
    ),
}


@pytest.mark.parametrize("decorators", OPTIONS)
def test_options(decorators: str) -> None:
    name, text = OPTIONS[decorators]
    assert options(decorators)[name] == text
    assert "kubernetes" not in module(decorators)


NOTHING = [
    "@kubernetes(image='', labels={}, annotations=None, service_account='', secrets=[], port=None)",
    "@kubernetes(node_selector={}, tolerations=[], extended_resources={}, security_context={})",
    "@kubernetes(node_selector='', tolerations=None, image_pull_secrets=None, compute_pool='')",
    "@kubernetes(use_tmpfs=False, tmpfs_size=0, tmpfs_path='/x', port=0, shared_memory=0)",
    "@kubernetes(persistent_volume_claims={}, image_pull_policy=None, gpu_vendor='amd', gpu=None)",
    "@kubernetes(namespace='', executable=None, hostname_resolution_timeout=None)",
    "@batch(inferentia=0, efa=0, host_volumes=[], efs_volumes=None, privileged=False, queue=None)",
    "@batch(trainium='0', log_options=[], aws_batch_tags={}, max_swap=None, iam_role='')",
]


@pytest.mark.parametrize("decorators", NOTHING)
def test_nothing_asked(decorators: str) -> None:
    plain = "@batch" if decorators.startswith("@batch") else "@kubernetes"
    assert module(decorators) == module(plain)
    assert messages(decorators) == []


PODS = {
    "@kubernetes(node_selector='a=b,c/d=e')": "node_selector={'a': 'b', 'c/d': 'e'}",
    "@kubernetes(node_selector={'a': True, 'b': 3})": "node_selector={'a': 'True', 'b': '3'}",
    "@kubernetes(compute_pool='p', node_selector=TABLE)": (
        "node_selector={'a': 'b', 'outerbounds.co/compute-pool': 'p'}"
    ),
    "@kubernetes(tolerations=[{'key': 'k', 'toleration_seconds': 5, 'value': None}])": (
        "tolerations=[V1Toleration(key='k', toleration_seconds=5)]"
    ),
    "@kubernetes(service_account='robot')": "service_account_name='robot'",
    "@kubernetes(image_pull_secrets=['x', 'y'])": (
        "image_pull_secrets=[V1LocalObjectReference(name='x'), V1LocalObjectReference(name='y')]"
    ),
    "@kubernetes(image_pull_policy='Never')": (
        "containers=[V1Container(name='primary', image_pull_policy='Never')]"
    ),
    "@kubernetes(secrets='one')": (
        "containers=[V1Container(name='primary', env_from=["
        "V1EnvFromSource(secret_ref=V1SecretEnvSource(name='one'))])]"
    ),
    "@kubernetes(port='80')": (
        "containers=[V1Container(name='primary', ports=[V1ContainerPort(container_port=80)])]"
    ),
    "@kubernetes(security_context={'privileged': True, 'run_as_user': None})": (
        "containers=[V1Container(name='primary', "
        "security_context=V1SecurityContext(privileged=True))]"
    ),
    "@batch(privileged=True)": (
        "containers=[V1Container(name='primary', "
        "security_context=V1SecurityContext(privileged=True))]"
    ),
    "@batch(host_volumes=['/a.b:/x', '/a_b', '/'])": (
        "containers=[V1Container(name='primary', volume_mounts=["
        "V1VolumeMount(name='host-a-b', mount_path='/x'), "
        "V1VolumeMount(name='host-a-b-2', mount_path='/a_b'), "
        "V1VolumeMount(name='host', mount_path='/')])], volumes=["
        "V1Volume(name='host-a-b', host_path=V1HostPathVolumeSource(path='/a.b')), "
        "V1Volume(name='host-a-b-2', host_path=V1HostPathVolumeSource(path='/a_b')), "
        "V1Volume(name='host', host_path=V1HostPathVolumeSource(path='/'))]"
    ),
}


@pytest.mark.parametrize("decorators", PODS)
def test_pods(decorators: str) -> None:
    assert pod(decorators, head=f"TABLE = {TABLE}") == PODS[decorators]
    found = messages(decorators, head=f"TABLE = {TABLE}")
    assert [message.code for message in found if message.code != "MF702"] == ["MF611"]


TMPFS = {
    "@kubernetes(use_tmpfs=True)": ("/metaflow_temp", "2048Mi", True),
    "@kubernetes(use_tmpfs=True, memory='6001')": ("/metaflow_temp", "3000Mi", True),
    # half of what @kubernetes itself asks for: it looks before @resources is there
    "@kubernetes(use_tmpfs=True)\n@resources(memory=9000)": ("/metaflow_temp", "2048Mi", True),
    "@kubernetes(tmpfs_size='10', tmpfs_path='/x')": ("/x", "10Mi", True),
    "@kubernetes(tmpfs_size=10, tmpfs_tempdir=False)": ("/metaflow_temp", "10Mi", False),
    "@batch(use_tmpfs=True)\n@resources(memory=9000)": ("/metaflow_temp", "4500Mi", True),
    "@batch(use_tmpfs=False, tmpfs_size=10)": ("/metaflow_temp", "10Mi", True),
}


@pytest.mark.parametrize("decorators", TMPFS)
def test_tmpfs(decorators: str) -> None:
    path, size, named = TMPFS[decorators]
    variable = f"env=[V1EnvVar(name='METAFLOW_TEMPDIR', value={path!r})], " if named else ""
    assert pod(decorators) == (
        f"containers=[V1Container(name='primary', {variable}"
        f"volume_mounts=[V1VolumeMount(name='tmpfs', mount_path={path!r})])], "
        "volumes=[V1Volume(name='tmpfs', "
        f"empty_dir=V1EmptyDirVolumeSource(medium='Memory', size_limit={size!r}))]"
    )
    assert [found.code for found in messages(decorators)] == ["MF611"] + ["MF612"] * (not named)


@pytest.mark.parametrize(
    ("decorators", "extended", "limits"),
    [
        ("@kubernetes(gpu=2, gpu_vendor='amd')", {"amd.com/gpu": "2"}, {}),
        ("@kubernetes(gpu_vendor='amd')\n@resources(gpu=1)", {"amd.com/gpu": "1"}, {}),
        ("@kubernetes(extended_resources={'a/b': 3})", {"a/b": "3"}, {}),
        (
            "@kubernetes(extended_resources={'a/b': '1'}, gpu=1, qos='guaranteed')",
            {"a/b": "1"},
            {"cpu": "1", "memory": "4096M", GPU: "1", "ephemeral-storage": "10240M"},
        ),
        ("@batch(inferentia='2')", {"aws.amazon.com/neuron": "2"}, {}),
        ("@batch(trainium=1)", {"aws.amazon.com/neuron": "1"}, {}),
        ("@batch(efa=1, gpu=1)", {"vpc.amazonaws.com/efa": "1"}, {GPU: "1"}),
    ],
)
def test_extended_resources(
    decorators: str, extended: dict[str, str], limits: dict[str, str]
) -> None:
    """flytekit would replace the resources of the container by those of the task."""
    assert options(decorators) == {"pod_template": "START_POD"}
    text = pod(decorators)
    found = ast.literal_eval(text[text.index("limits=") + 7 : -3])
    assert found == {**limits, **extended}
    requests = ast.literal_eval(text[text.index("requests=") + 9 : text.index(", limits=")])
    unit = "Mi" if decorators.startswith("@batch") else "M"
    assert requests.items() >= {"cpu": "1", "memory": f"4096{unit}", **found}.items()


def test_equal_pods_are_one() -> None:
    code = translate(
        source("@kubernetes(port=1)", "@kubernetes(port=1, cpu=2)", "@kubernetes(port=2)"),
        "flow.py",
    ).code
    assert code is not None
    assert code.count("pod_template=START_POD") == 2
    assert code.count("pod_template=S2_POD") == 1
    assert "S1_POD" not in code


def test_names_of_the_client_can_be_taken() -> None:
    code = module("@kubernetes(port=1)", head="V1PodSpec = START_POD = Resources = 1")
    assert "V1PodSpec as V1PodSpec_" in code and "START_POD_ = PodTemplate" in code
    compile(code, "flyte_wf.py", "exec")


# ---------------------------------------------------------------------- messages

LACKING = {
    "@kubernetes(namespace='x')": "namespace",
    "@kubernetes(executable='python3.12')": "executable",
    "@kubernetes(hostname_resolution_timeout=600)": "hostname_resolution_timeout",
    "@kubernetes(tmpfs_tempdir=False)": "tmpfs_tempdir",
    "@kubernetes(tmpfs_tempdir=None)": "tmpfs_tempdir",
    "@batch(queue='q')": "queue",
    "@batch(iam_role='arn')": "iam_role",
    "@batch(execution_role='arn')": "execution_role",
    "@batch(max_swap=0)": "max_swap",
    "@batch(swappiness='0')": "swappiness",
    "@batch(log_driver='awslogs')": "log_driver",
    "@batch(log_options='a:b:c')": "log_options",
    "@batch(log_options=['a:b'])": "log_options",
    "@batch(executable='python')": "executable",
    "@batch(aws_batch_tags={'a': 'b'})": "aws_batch_tags",
    "@batch(tmpfs_tempdir=False)": "tmpfs_tempdir",
}


@pytest.mark.parametrize("decorators", LACKING)
def test_no_counterpart(decorators: str) -> None:
    (found,) = messages(decorators)
    name, _, argument = decorators[1:].partition("(")
    assert found.code == "MF612" and found.severity is Severity.WARNING
    assert f"@{name}({LACKING[decorators]}=…)" in found.message
    column = source(decorators).splitlines()[found.position.line - 1][found.position.column - 1 :]
    assert column == argument.partition("=")[2]  # the value of the argument
    assert "    # MF612" not in (code := module(decorators)) and "\n# MF612: @" in code
    assert options(decorators) == options(f"@{name}")


def test_every_message_is_above_its_task() -> None:
    code = module("@batch(swappiness=1, queue='q', privileged=True)")
    comments = re.findall(r"^# (MF\d+): (\S+)", code, re.M)
    assert comments == [
        ("MF611", "the"),
        ("MF612", "@batch(swappiness=…)"),
        ("MF612", "@batch(queue=…)"),
    ]


def test_one_note_about_all_pods() -> None:
    steps = ("@kubernetes", "@kubernetes(port=1)", "@batch(privileged=True)")
    result = translate(source(*steps), "flow.py")
    (found,) = result.diagnostics
    assert (found.code, found.severity, found.step) == ("MF611", Severity.NOTE, "s1")
    assert "the pods of s1, s2 need" in found.message


def test_image_of_a_step_with_packages() -> None:
    """It becomes the base of an image with flytekit."""
    (found,) = translate(source(*["@kubernetes(image='host/img:1')"] * 2), "flow.py").diagnostics
    assert (found.code, found.severity, found.step) == ("MF610", Severity.NOTE, "start")
    assert "start, s1" in found.advice
    text = source("@pypi(packages={'pandas': '2.2.3'})\n@kubernetes(image='host/img:1')")
    result = translate(text.replace("batch,", "batch, pypi,"), "flow.py")
    assert "MF610" not in [found.code for found in result.diagnostics]
    assert result.code is not None and "base_image='host/img:1'" in result.code.replace('"', "'")


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ("@pypi(packages={'pandas': '2.2.3'})", "packages=['pandas==2.2.3', 'kubernetes']"),
        ("@pypi(packages={'kubernetes': '31.0.0'})", "packages=['kubernetes==31.0.0']"),
        (
            "@conda(packages={'pandas': '2.2.3'})",
            "conda_packages=['pandas==2.2.3'], packages=['kubernetes']",
        ),
        (
            "@conda(packages={'python-kubernetes': ''})",
            "conda_packages=['python-kubernetes'])",
        ),
    ],
)
def test_images_get_the_client(packages: str, expected: str) -> None:
    """Each task imports the module, and with it what makes the pod of another."""
    imports = IMPORTS.replace("batch,", "batch, conda, pypi,")
    for steps in ((packages, "@kubernetes(port=1)"), (packages, "@kubernetes(cpu=2)")):
        result = translate(source(*steps).replace(IMPORTS, imports), "flow.py")
        assert result.code is not None
        (image,) = re.findall(r"^START_IMAGE = (.*?\)\n)(?! )", result.code, re.S | re.M)
        there = expected in ast.unparse(ast.parse(image))
        assert there is ("port" in steps[1] or "'kubernetes'" not in expected)


def test_efs() -> None:
    (found,) = messages("@batch(efs_volumes='fs-1')")
    assert (found.code, found.severity) == ("MF613", Severity.ERROR)


def test_numbers_that_cannot_be_written() -> None:
    text = "@kubernetes(security_context={'run_as_user': float('nan')})"
    assert [found.code for found in messages(text)] == ["MF121"]


def test_unknown_value_and_attribute() -> None:
    head = "import os\nIMAGE = os.environ['IMAGE']"
    assert {m.code for m in messages("@kubernetes(image=IMAGE)", head)} == {"MF301"}
    assert {m.code for m in messages("@batch(queue=f'{1 / 0}')")} == {"MF301"}
    for name in ("batch", "kubernetes", "resources"):
        assert {m.code for m in messages(f"@{name}(colour='red')")} == {"MF120"}


# ---------------------------------------------------------------------- beside Metaflow

#: What Metaflow refuses when it starts a run, or a task.
REFUSED_KUBERNETES: list[dict[str, Any]] = [
    {"cpu": 0}, {"cpu": None}, {"disk": None, "memory": 9}, {"cpu": "many"}, {"memory": "4Gi"},
    {"memory": 0}, {"disk": 0}, {"cpu": -1},
    {"disk": "0.0"}, {"cpu": []}, {"gpu": 0.5}, {"gpu": "1.5"}, {"gpu": 1.0}, {"gpu": "one"},
    {"gpu_vendor": "intel"}, {"gpu_vendor": 1}, {"qos": "besteffort"}, {"qos": ""}, {"qos": None},
    {"tmpfs_size": -1}, {"tmpfs_size": 1.5}, {"tmpfs_size": "a"}, {"shared_memory": "64"},
    {"shared_memory": 1.5}, {"shared_memory": -1}, {"labels": {"a": "no spaces"}},
    {"labels": {"a": "-x"}}, {"labels": {"a": "x" * 64}}, {"labels": {"a": 1}}, {"labels": "a=b"},
    {"annotations": "a"}, {"node_selector": "a"}, {"node_selector": "a=b,a=c"},
    {"node_selector": {"a": ""}}, {"node_selector": {"a": None}}, {"node_selector": ["a=b"]},
    {"tolerations": [{"kee": 1}]}, {"tolerations": [{"tolerationSeconds": 1}]},
    {"tolerations": ["a"]}, {"tolerations": 1}, {"security_context": {"user": 1}},
    {"security_context": [1]}, {"extended_resources": ["a"]}, {"persistent_volume_claims": ["a"]},
    {"image_pull_secrets": 1}, {"secrets": 1}, {"port": "http"}, {"tmpfs_path": None,
    "use_tmpfs": True},
]  # fmt: skip

#: What Kubernetes or the command line of a task would refuse, since it makes no sense.
SENSELESS_KUBERNETES: list[dict[str, Any]] = [
    {"cpu": True}, {"cpu": "1e999"}, {"gpu": -1}, {"gpu": True}, {"memory": 2**70},
    {"use_tmpfs": "yes"}, {"use_tmpfs": 1}, {"tmpfs_path": "relative"}, {"port": 70000},
    {"port": -1}, {"image": 1}, {"service_account": ["a"]}, {"image_pull_policy": "Sometimes"},
    {"image_pull_secrets": "regcred"}, {"secrets": [""]}, {"secrets": [1]},
    {"annotations": {"a": 1}}, {"annotations": {1: "a"}}, {"extended_resources": {"a/b": 1.5}},
    {"extended_resources": {"a/b": ""}}, {"extended_resources": {"a/b": "-1"}},
    {"tolerations": [{"key": {1, 2}}]}, {"tolerations": ({"key": "a"},)},
    {"persistent_volume_claims": {"a": 1}}, {"persistent_volume_claims": {"a": ""}},
    {"node_selector": {"a": {"b": "c"}}},
    {"namespace": 1}, {"executable": True}, {"compute_pool": 2},
    {"hostname_resolution_timeout": "long"}, {"security_context": {"privileged": {1}}},
    {"node_selector": {1: "a"}}, {"security_context": {"run_as_user": [{"a": (1,)}]}},
]  # fmt: skip

REFUSED_BATCH: list[dict[str, Any]] = [
    {"cpu": 0}, {"cpu": "a"}, {"cpu": -1}, {"memory": 0}, {"memory": "1G"}, {"gpu": "a"},
    {"shared_memory": 0}, {"shared_memory": -1}, {"shared_memory": "a"}, {"swappiness": 100},
    {"swappiness": -1}, {"swappiness": 1.5}, {"max_swap": -1}, {"max_swap": "a"},
    {"inferentia": 1, "trainium": 1}, {"inferentia": 1.5}, {"efa": 1.5}, {"trainium": "a"},
    {"tmpfs_path": "relative"}, {"tmpfs_size": 1.5}, {"aws_batch_tags": {"aws:a": "b"}},
    {"aws_batch_tags": {"a": "AWS:b"}}, {"aws_batch_tags": {"a" * 129: "b"}},
    {"aws_batch_tags": {"a": "b" * 257}}, {"log_options": ["a"]}, {"log_options": "a"},
    {"host_volumes": 1}, {"efs_volumes": 1},
]  # fmt: skip

SENSELESS_BATCH: list[dict[str, Any]] = [
    {"cpu": True}, {"gpu": -1}, {"inferentia": -1}, {"efa": -1}, {"memory": 0.5},
    {"shared_memory": 0.5}, {"privileged": "yes"}, {"use_tmpfs": 1}, {"tmpfs_path": None},
    {"ephemeral_storage": "big"}, {"ephemeral_storage": -5}, {"ephemeral_storage": 1.5},
    {"aws_batch_tags": {"a": 1}}, {"aws_batch_tags": "a"}, {"queue": 1}, {"image": ["a"]},
    {"log_driver": 1}, {"host_volumes": [1]}, {"host_volumes": ":/a"},
    {"host_volumes": ["/a:"]}, {"executable": 1}, {"iam_role": 5},
    {"inferentia": True},
]  # fmt: skip

SENSELESS_RESOURCES: list[dict[str, Any]] = [
    {"cpu": "many"}, {"cpu": -1}, {"cpu": True}, {"memory": "1G"}, {"memory": []}, {"gpu": "a"},
    {"gpu": -1}, {"disk": {}}, {"disk": -1}, {"shared_memory": "a"}, {"shared_memory": -1},
]  # fmt: skip

#: Refused only because of each other.
REFUSED_TOGETHER: list[Attributes] = [
    {"kubernetes": {"gpu": 1}, "resources": {"gpu": 1.5}},
    {"kubernetes": {}, "resources": {"gpu": 1.0}},
    {"kubernetes": {}, "resources": {"shared_memory": "64"}},
    {"resources": {"disk": "a"}, "kubernetes": {}},
    {"kubernetes": {"memory": 0}, "resources": {"memory": None}},
    {"kubernetes": {}, "batch": {}},
    {"timeout": {"seconds": 59}, "kubernetes": {}},
    {"kubernetes": {}, "timeout": {"seconds": 1}},
]


def refused(decorators: Attributes) -> None:
    """One error at the place that is to be changed, and no module."""
    result = translate(source(written(decorators)), "flow.py")
    errors = [found for found in result.diagnostics if found.severity is Severity.ERROR]
    assert [found.code for found in errors] == ["MF121"], result.diagnostics
    assert result.code is None
    line = source(written(decorators)).splitlines()[errors[0].position.line - 1]
    assert line.strip().startswith("@")


@pytest.mark.parametrize("given", REFUSED_KUBERNETES, ids=repr)
def test_refused_by_metaflow(given: dict[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017 - many are no errors of Metaflow's own
        metaflow_pod({"kubernetes": given})
    refused({"kubernetes": given})


@pytest.mark.parametrize("given", REFUSED_BATCH, ids=repr)
def test_refused_by_metaflow_on_batch(given: dict[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017 - many are no errors of Metaflow's own
        metaflow_job({"batch": given}, "EC2")
    refused({"batch": given})


@pytest.mark.parametrize("decorators", REFUSED_TOGETHER, ids=repr)
def test_refused_together(decorators: Attributes) -> None:
    with pytest.raises(Exception):  # noqa: B017
        metaflow_pod(decorators)
    refused(decorators)


def test_parallel_with_catch() -> None:
    """Metaflow refuses them together on Kubernetes only."""
    text = """
class TheFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.work, num_parallel=2)
    @catch(var="failed")
    @parallel
    @kubernetes
    @step
    def work(self):
        self.next(self.gather)
    @step
    def gather(self, inputs):
        self.next(self.end)
    @step
    def end(self):
        pass
"""
    text = f"{IMPORTS}, catch, parallel\n{text}"
    (found,) = (m for m in translate(text, "flow.py").diagnostics if m.code == "MF121")
    assert found.position.line == 7 and "@parallel" in found.message
    alone = text.replace("    @kubernetes\n", "").replace("kubernetes, ", "")
    assert "MF121" not in {m.code for m in translate(alone, "flow.py").diagnostics}


@pytest.mark.parametrize(
    "decorators",
    [
        *({"kubernetes": given} for given in SENSELESS_KUBERNETES),
        *({"batch": given} for given in SENSELESS_BATCH),
        *({"resources": given} for given in SENSELESS_RESOURCES),
        {"batch": {}, "timeout": {"seconds": 59}},
    ],
    ids=repr,
)
def test_senseless(decorators: Attributes) -> None:
    refused(decorators)


SAME: list[Attributes] = [
    {"kubernetes": {}},
    {"kubernetes": {"cpu": 0.5, "memory": "500", "disk": 0.5, "gpu": 2}},
    {"kubernetes": {"cpu": "2", "qos": "guaranteed", "gpu": "1"}},
    {"kubernetes": {"gpu": 0}},
    {"kubernetes": {"gpu": 1, "gpu_vendor": "amd", "qos": "Guaranteed"}},
    {"kubernetes": {"extended_resources": {"a.io/x": 2, "a.io/y": "3"}, "gpu": 1, "memory": 9}},
    {"resources": {"cpu": 0.5, "memory": 1000}, "kubernetes": {}},
    {"resources": {"cpu": 3, "gpu": 1, "disk": 20000}, "kubernetes": {"cpu": 2, "gpu": 4}},
    {"kubernetes": {"cpu": 8, "gpu": 1}, "resources": {"memory": "9000", "gpu": 0}},
    {"kubernetes": {"shared_memory": 64}, "resources": {"shared_memory": 32}},
    {"kubernetes": {"shared_memory": 64}, "resources": {}},
    {"kubernetes": {"cpu": None, "memory": 0}, "resources": {"cpu": 3}},
    {"kubernetes": {"cpu": 0.5}, "resources": {"cpu": None}},
    {"resources": {"gpu": 3}, "kubernetes": {"gpu_vendor": "amd"}},
    {"kubernetes": {"secrets": "a", "service_account": "b", "image_pull_policy": "Always"}},
    {"kubernetes": {"secrets": ["a", "b"], "image_pull_secrets": ["c", "d"], "port": "8080"}},
    {"kubernetes": {"node_selector": "a=b,c/d=e=f", "compute_pool": "p"}},
    {"kubernetes": {"node_selector": {"a": True, "b": 1}}},
    {"kubernetes": {"tolerations": [{"key": "a", "operator": "Exists", "toleration_seconds": 3}]}},
    {"kubernetes": {"tolerations": [{"key": "a", "value": "b", "effect": "NoExecute"}, {}]}},
    {"kubernetes": {"labels": {"a": "b", "c": ""}, "annotations": {"d": "any thing"}}},
    {"kubernetes": {"use_tmpfs": True, "memory": 1001}, "resources": {"memory": 5000}},
    {"kubernetes": {"tmpfs_size": "100", "tmpfs_path": "/fast", "tmpfs_tempdir": False}},
    {"kubernetes": {"persistent_volume_claims": {"x": "/x", "y": "/y"}, "use_tmpfs": True}},
    {"kubernetes": {"security_context": {"run_as_user": 0, "privileged": False}}},
    {"kubernetes": {"security_context": {"capabilities": {"add": ["SYS_PTRACE"]}}}},
    {"timeout": {"minutes": 1}, "kubernetes": {"cpu": 2}},
]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The task that each of `SAME` becomes."""
    code = translate(source(*map(written, SAME)), "flow.py").code
    assert code is not None
    file = tmp_path_factory.mktemp("pods") / "flyte_wf.py"
    file.write_text(code, encoding="utf-8")
    tasks = register_offline(file).tasks
    names = ["start", *(f"s{number}" for number in range(1, len(SAME)))]
    return [tasks[f"flyte_wf.{name}"].template for name in names]


@pytest.mark.parametrize("number", range(len(SAME)), ids=lambda number: repr(SAME[number]))
def test_same_pod(number: int, templates: list[Any]) -> None:
    expected = facts_of_metaflow(metaflow_pod(SAME[number]))
    found = facts_of_flyte(templates[number])
    assert found == expected


def facts_of_metaflow(template: dict[str, Any]) -> dict[str, Any]:
    """What is asked of a pod, in one form."""
    found = facts(template["spec"], template["spec"]["containers"][0])
    meta = template["metadata"]
    return found | {"labels": meta.get("labels", {}), "annotations": meta.get("annotations", {})}


def facts_of_flyte(template: Any) -> dict[str, Any]:
    """The same, as Flyte completes it: what stands for shared memory is a volume there."""
    if template.HasField("k8s_pod"):
        spec = MessageToDict(template.k8s_pod.pod_spec)
        (container,) = spec["containers"]
        assert template.config["primary_container_name"] == container["name"] == "primary"
        assert container["image"] and container["args"]
    else:
        asked = template.container.resources
        kind = type(asked).ResourceName
        named = {
            what: {
                kind.Name(entry.name).lower().replace("_", "-"): entry.value
                for entry in getattr(asked, what)
            }
            for what in ("requests", "limits")
        }
        spec, container = {}, {"resources": named}
    found = facts(spec, container)
    for what in ("requests", "limits"):
        gpu = found[what].pop("gpu", None)  # flyteplugins: SanitizeGPUResourceRequirements
        found[what] |= {GPU: gpu} if gpu else {}
    # flyteplugins, AdjustOrDefaultResource: GPUs and the like cannot have another limit
    found["limits"] |= {key: value for key, value in found["requests"].items() if "/" in key}
    shared = template.extended_resources.shared_memory
    if shared.size_limit:
        source = {"emptyDir": {"medium": "Memory", "sizeLimit": shared.size_limit}}
        found["volumes"][shared.mount_path] = source
    meta = template.metadata.metadata
    return found | {"labels": dict(meta.labels), "annotations": dict(meta.annotations)}


def facts(spec: dict[str, Any], container: dict[str, Any]) -> dict[str, Any]:
    resources = {key: amounts(value) for key, value in container["resources"].items()}
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    requests = {**{key: value for key, value in limits.items() if "/" in key}, **requests}
    sources = {
        volume["name"]: {key: value for key, value in volume.items() if key != "name"}
        for volume in spec.get("volumes", [])
    }
    mounts = {found["mountPath"]: found["name"] for found in container.get("volumeMounts", [])}
    assert set(mounts.values()) == set(sources)
    return {
        "requests": requests,
        "limits": limits,
        "volumes": {path: sources[name] for path, name in mounts.items()},
        "secrets": container.get("envFrom", []),
        "pull policy": container.get("imagePullPolicy"),
        "ports": container.get("ports", []),
        "security": container.get("securityContext", {}),
        "selector": spec.get("nodeSelector", {}),
        "account": spec.get("serviceAccountName"),
        "pull secrets": spec.get("imagePullSecrets", []),
        "tolerations": spec.get("tolerations", []),
    }


SAME_JOBS: list[tuple[str, Attributes]] = [
    ("EC2", {"batch": {}}),
    ("EC2", {"batch": {"cpu": "2", "memory": 1000.7, "gpu": 1}}),
    ("EC2", {"batch": {"gpu": 1.9, "shared_memory": "64.9"}}),
    ("EC2", {"batch": {"cpu": 0.5}, "resources": {"memory": 1000}}),
    ("EC2", {"batch": {"cpu": 0.5}, "resources": {"cpu": None, "memory": None}}),
    ("EC2", {"resources": {"gpu": 3, "shared_memory": 8}, "batch": {"gpu": 1, "memory": 5000}}),
    ("EC2", {"batch": {"shared_memory": 64}, "resources": {"shared_memory": 32}}),
    ("EC2", {"batch": {"inferentia": "2", "privileged": True}}),
    ("EC2", {"batch": {"trainium": 1, "efa": 1}}),
    ("EC2", {"batch": {"host_volumes": ["/a:/b", "/c.d"], "use_tmpfs": True, "memory": 999}}),
    ("EC2", {"batch": {"host_volumes": "/a", "tmpfs_size": "7", "tmpfs_path": "/t"}}),
    ("FARGATE", {"batch": {"cpu": 0.25, "memory": 512, "ephemeral_storage": 100}}),
]


@pytest.mark.parametrize(("platform", "decorators"), SAME_JOBS, ids=repr)
def test_same_job(platform: str, decorators: Attributes) -> None:
    """The container on AWS Batch has what the pod asks for."""
    job = metaflow_job(decorators, platform)
    linux = job.get("linuxParameters", {})
    text = written(decorators)
    asked = options(text)
    described = pod(text) if "pod_template" in asked else ""
    if "requests" in asked:
        call = ast.parse(asked["requests"], mode="eval").body
        assert isinstance(call, ast.Call)
        requests = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    else:
        named = ast.literal_eval(described.partition("requests=")[2].partition(", limits=")[0])
        requests = {"cpu": named["cpu"], "mem": named["memory"], "gpu": named.get(GPU)}
    assert requests["cpu"] == job["resources"]["VCPU"]
    assert requests["mem"] == job["resources"]["MEMORY"] + "Mi"
    assert requests.get("gpu") == job["resources"].get("GPU")
    size = job.get("ephemeralStorage", {}).get("sizeInGiB")
    assert requests.get("ephemeral_storage") == (f"{size}Gi" if size else None)
    shared = linux.get("sharedMemorySize")
    assert asked.get("shared_memory") == (f"'{shared}Mi'" if shared else None)
    devices = [device["hostPath"] for device in linux.get("devices", [])]
    chips = len([device for device in devices if "neuron" in device])
    assert (f"'aws.amazon.com/neuron': '{chips}'" in described) is bool(chips)
    assert ("vpc.amazonaws.com/efa" in described) is any("infiniband" in path for path in devices)
    assert ("privileged=True" in described) is job.get("privileged", False)
    paths = {volume["name"]: volume["host"]["sourcePath"] for volume in job.get("volumes", [])}
    for point in job.get("mountPoints", []):
        assert f"mount_path={point['containerPath']!r}" in described
        assert f"path={paths[point['sourceVolume']]!r}" in described
    for folder in linux.get("tmpfs", []):
        assert f"mount_path={folder['containerPath']!r}" in described
        assert f"size_limit='{folder['size']}Mi'" in described
    assert described.count("V1VolumeMount") == len(paths) + len(linux.get("tmpfs", []))


# ---------------------------------------------------------------------- golden flows

GOLDEN = {
    case.name: case
    for case in cases()
    if case.name.startswith(("batch_", "kubernetes_", "resources_"))
    and case.module.exists()
    and not case.runs
}


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_equal(case: Case, tmp_path: Path) -> None:
    """Metaflow runs no step of @kubernetes or @batch without a store in a cloud, so it runs the
    flow without these decorators: they do not change what a step computes."""
    text, tree = case.path.read_text(encoding="utf-8"), ast.parse(case.path.read_bytes())
    lines = text.splitlines()
    dropped = 0
    for node in ast.walk(tree):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            if ast.unparse(decorator).partition("(")[0] in ("batch", "kubernetes"):
                dropped += 1
                for number in range(decorator.lineno - 1, decorator.end_lineno or 0):
                    lines[number] = ""
    assert dropped
    flow = tmp_path / "flow.py"
    flow.write_text("\n".join(lines), encoding="utf-8")
    name = case.flow().name
    expected = run_metaflow(flow, {}, flow_name=name)
    found = run_flyte(case.module, f"{case.name}_flow", {})
    assert expected.failed_step is None and expected.steps["end"], expected.stdout
    assert compare(expected, found, set(case.flow().parameters)) == []
    assert found.warnings == []


def test_pod_of_map_and_loop() -> None:
    """A map task, a loop and a join have the pod of their task, with their own command."""
    case = GOLDEN["kubernetes_map_loop"]
    tasks = register_offline(case.module).tasks
    templates = {name.removeprefix("flyte_wf."): one.template for name, one in tasks.items()}
    (mapped,) = (name for name in templates if name.startswith("map_simulate_"))
    for name in (mapped, "simulate", "gather", "refine"):
        template = templates[name]
        spec = MessageToDict(template.k8s_pod.pod_spec)
        (container,) = spec["containers"]
        assert spec["nodeSelector"] == {"pool": "spot"}
        command = "pyflyte-map-execute" if name == mapped else "pyflyte-execute"
        assert command in container["args"]
        assert container["resources"]["requests"]["memory"] in ("2000M", "4096M")
        assert template.config["primary_container_name"] == "primary"
    assert templates["start"].HasField("container") and templates["end"].HasField("container")


def test_variables_of_task_and_pod() -> None:
    """`environment=` and what the pod itself sets are both there."""
    text = "@kubernetes(use_tmpfs=True)\n@environment(vars={'A': '1'})"
    flow = source(text).replace("batch,", "batch, environment,")
    code = translate(flow, "flow.py").code
    assert (
        code is not None and "METAFLOW_TEMPDIR" in code and "environment=START_ENVIRONMENT" in code
    )
