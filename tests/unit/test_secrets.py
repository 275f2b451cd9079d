"""@secrets: what a task asks of Flyte's store, held against what Metaflow sets."""

import ast
import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flyteidl.core.security_pb2 import Secret

from codegen import Options, Translation, translate
from codegen.lower.settings.secrets import group_name
from tests.cases import GOLDEN
from tests.support.processes import clean_environment
from tests.support.serialised import register_offline

importlib.import_module("metaflow.plugins")  # before anything stands in for parts of it

AWS = "aws-secrets-manager"
GCP = "gcp-secret-manager"
AZURE = "az-key-vault"


def flow(decorators: str, body: str = "pass", head: str = "", members: str = "") -> str:
    """A flow whose first step has these decorators and this body."""
    lines = ["import os", "from os import environ, getenv", "from metaflow import *"]
    lines += [textwrap.dedent(head), "class TheFlow(FlowSpec):"]
    lines += [textwrap.indent(textwrap.dedent(members), "    "), f"    {decorators}", "    @step"]
    lines += ["    def start(self):", textwrap.indent(textwrap.dedent(body), "        ")]
    return "\n".join(
        [*lines, "        self.next(self.end)", "    @step", "    def end(self): pass"]
    )


def inline(name: str, **variables: str) -> str:
    return repr({"type": "inline", "id": name, "options": {"env_vars": variables}})


def secret(kind: str, name: str, **options: Any) -> str:
    return repr({"type": kind, "id": name, "options": options})


def found(source: str) -> Translation:
    return translate(source, "flow.py", Options())


def codes(source: str) -> set[str]:
    return {message.code for message in found(source).diagnostics} - {"MF702"}


def requests(source: str) -> list[dict[str, str]]:
    """The keywords of each Secret that the first task asks for."""
    code = found(source).code
    assert code is not None, found(source).diagnostics
    (start,) = (
        node
        for node in ast.parse(code).body
        if isinstance(node, ast.FunctionDef) and node.name == "start"
    )
    calls = [
        node
        for node in ast.walk(start.decorator_list[0])
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Secret"
    ]
    for call in calls:
        assert ast.unparse(call.keywords[-1].value) == "Secret.MountType.ENV_VAR"
    return [
        {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords[:-1]}
        for call in calls
    ]


def variables(source: str) -> dict[str, str]:
    """The variables that the step has → the group that they come from."""
    return {request["key"]: request["group"] for request in requests(source)}


# ---------------------------------------------------------------------- the stores


class _Client:
    """Stands for the clients of all clouds; each secret has the text ``v``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"Name": SecretId, "SecretString": "v"}

    def access_secret_version(self, request: dict[str, str]) -> Any:
        return SimpleNamespace(payload=SimpleNamespace(data=b"v"))

    def get_secret(self, name: str, version: str | None) -> Any:
        return SimpleNamespace(name=name, value="v")


@pytest.fixture
def metaflow_sets(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function from a source to the variables that Metaflow's own provider makes of it."""
    for name in ("botocore", "botocore.exceptions"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(exceptions=SimpleNamespace(
            NoRegionError=type("NoRegionError", (Exception,), {})
        )))  # fmt: skip
    service = "google.cloud.secretmanager_v1.services.secret_manager_service"
    transport = SimpleNamespace(SecretManagerServiceTransport=SimpleNamespace(AUTH_SCOPES=()))
    monkeypatch.setitem(sys.modules, service, SimpleNamespace(SecretManagerServiceClient=_Client))
    monkeypatch.setitem(sys.modules, f"{service}.transports", transport)
    vault = SimpleNamespace(SecretClient=_Client)
    monkeypatch.setitem(sys.modules, "azure.keyvault.secrets", vault)
    client = SimpleNamespace(get_aws_client=_Client)
    monkeypatch.setitem(sys.modules, "metaflow.plugins.aws.aws_client", client)
    plugins = "metaflow.plugins"
    aws = importlib.import_module(
        f"{plugins}.aws.secrets_manager.aws_secrets_manager_secrets_provider"
    )
    gcp = importlib.import_module(f"{plugins}.gcp.gcp_secret_manager_secrets_provider")
    azure = importlib.import_module(f"{plugins}.azure.azure_secret_manager_secrets_provider")
    monkeypatch.setattr(gcp, "get_credentials", lambda scopes: (None, None))
    monkeypatch.setattr(gcp, "GCP_SECRET_MANAGER_PREFIX", "projects/1/secrets/")
    monkeypatch.setattr(azure, "AZURE_KEY_VAULT_PREFIX", "https://team.vault.azure.net")
    monkeypatch.setattr(azure, "create_cacheable_azure_credential", lambda: None)
    spec = importlib.import_module(f"{plugins}.secrets.secrets_spec").SecretSpec
    inline_provider = importlib.import_module(f"{plugins}.secrets.inline_secrets_provider")
    check = importlib.import_module(f"{plugins}.secrets.utils").validate_env_vars
    providers: dict[str, Any] = {
        AWS: aws.AwsSecretsManagerSecretsProvider,
        GCP: gcp.GcpSecretManagerSecretsProvider,
        AZURE: azure.AzureKeyVaultSecretsProvider,
        "inline": inline_provider.InlineSecretsProvider,
    }

    def sets(source: Any) -> list[str]:
        read = spec.secret_spec_from_str if isinstance(source, str) else spec.secret_spec_from_dict
        parsed = read(source, role=None)
        provider = providers[parsed.secrets_backend_type]()
        values = provider.get_secret_as_dict(parsed.secret_id, options=parsed.options)
        check(values)
        return [*values]

    return sets


_VAULT = "https://team.vault.azure.net/secrets"
_VERSION = "ec96f02080254f109c51a1f14cdb1931"
_PLAIN = {"json": False}


@pytest.mark.parametrize(
    ("source", "group", "version"),
    [
        (f"{GCP}.projects/12/secrets/api-key", "api-key", None),
        (f"{GCP}.projects/12/secrets/api-key/versions/latest", "api-key", None),
        (f"{GCP}.projects/12/secrets/API_key/versions/3", "api-key", "3"),
        (f"{GCP}.api-key", "api-key", None),
        (f"{GCP}.api_key/versions/7", "api-key", "7"),
        ({"type": GCP, "id": "k", "options": {"env_var_name": "API.KEY/1"}}, "k", None),
        ({"type": GCP, "id": "k", "options": {"env_var_name": ""}}, "k", None),
        (f"{AZURE}.{_VAULT}/search-key", "search-key", None),
        (f"{AZURE}.{_VAULT}/search-key/", "search-key", None),
        (f"{AZURE}.{_VAULT}/search-key/{_VERSION}", "search-key", _VERSION),
        (f"{AZURE}.search-key", "search-key", None),
        (f"{AZURE}.search-key/{_VERSION}", "search-key", _VERSION),
        ({"type": AZURE, "id": "k", "options": {"env_var_name": "api-key"}}, "k", None),
        ({"type": AWS, "id": "prod/slack.hook", "options": _PLAIN}, "prod-slack.hook", None),
        (
            {"type": AWS, "id": "hook", "options": {**_PLAIN, "env_var_name": "THE-HOOK"}},
            "hook",
            None,
        ),
        (
            {
                "type": AWS,
                "id": "arn:aws:secretsmanager:us-west-2:123456789012:secret:hook-AbC123",
                "options": {**_PLAIN, "env_var_name": "HOOK"},
            },
            "hook",
            None,
        ),
        ({"type": "inline", "id": "My Api", "options": {"env_vars": {"A": "1", "b": "2"}}},
         "my-api", None),
        ({"type": "inline", "id": "none"}, None, None),
    ],
)  # fmt: skip
def test_variables_are_metaflows(
    source: Any, group: str | None, version: str | None, metaflow_sets: Any
) -> None:
    names = metaflow_sets(source)
    asked = requests(flow(f"@secrets(sources=[{source!r}])"))
    assert [request["key"] for request in asked] == names
    assert [request["env_var"] for request in asked] == [name.upper() for name in names]
    assert {request["group"] for request in asked} == ({group} if group else set())
    assert {request.get("group_version") for request in asked} == ({version} if group else set())


@pytest.mark.parametrize(
    "source",
    [
        f"{GCP}.projects/name/secrets/k",
        f"{GCP}.a b",
        f"{GCP}.1key",  # no name of a variable
        {"type": GCP, "id": "k", "options": {"binary": True}},
        f"{AZURE}.https://example.com/secrets/k",
        f"{AZURE}.{_VAULT}/1key",
        f"{AZURE}.search-key/3",
        {"type": AZURE, "id": ""},
        {"type": AZURE, "id": "k", "options": {"env_var_name": ""}},
        {"type": AWS, "id": "a b", "options": _PLAIN},
        {"type": AWS, "id": "k", "options": {**_PLAIN, "env_var_name": "METAFLOW_K"}},
        {"type": "inline", "id": "x", "options": {"env_vars": {"1A": "v"}}},
        {"type": "inline", "id": "x", "options": {"env_vars": {"METAFLOW_A": "v"}}},
        {"type": "inline", "id": "x", "options": {"env_vars": {"A": 1}}},
        {"type": "inline", "id": "x", "options": []},
        {"type": "inline", "id": 7},
        {"type": "inline"},
        {"type": None, "id": "x"},
    ],
    ids=str,
)
def test_refused_sources(source: Any, metaflow_sets: Any) -> None:
    """Metaflow refuses them as well."""
    assert codes(flow(f"@secrets(sources=[{source!r}])")) == {"MF121"}
    with pytest.raises(Exception):  # noqa: B017  # each provider has exceptions of its own
        metaflow_sets(source)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("sources='inline.x'", "MF121"),
        ("sources={'inline.x'}", "MF121"),
        ("sources=[3]", "MF121"),
        ("sources=None", "MF121"),
        ("sources=[{'type': 'inline', 'id': 'x', 'role': 3}]", "MF121"),
        ("sources=wanted()", "MF301"),
        ("sources=[os.environ['SECRET']]", "MF301"),
        ("allow_override=wanted()", "MF301"),
        ("source=[]", "MF120"),
        ("['inline.x']", "MF120"),
    ],
)
def test_refused_attributes(arguments: str, code: str) -> None:
    source = flow(f"@secrets({arguments})", head="def wanted(): return []")
    assert code in codes(source)
    assert found(source).code is None


@pytest.mark.parametrize("arguments", ["", "()", "(sources=[])", "(sources=())"])
def test_nothing_asked_for(arguments: str) -> None:
    assert requests(flow(f"@secrets{arguments}")) == []
    assert "Secret" not in (found(flow(f"@secrets{arguments}")).code or "")


def test_twice_the_same_variable() -> None:
    second = inline("b", KEY="2")
    source = flow(f"@secrets(sources=[{inline('a', KEY='1')}, {second}])")
    (message,) = (each for each in found(source).diagnostics if each.code == "MF121")
    assert "KEY" in message.message and "'a' (inline)" in message.message
    line = source.splitlines()[message.position.line - 1]
    assert line[message.position.column - 1 :].startswith(second)


def test_names_that_differ_in_case_only() -> None:
    source = flow(f"@secrets(sources=[{inline('a', KEY='1', key='2', Key='3')}])")
    assert [(r["key"], r["env_var"]) for r in requests(source)] == [
        ("KEY", "KEY"),
        ("key", "KEY_"),
        ("Key", "KEY__"),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_variables_of_environment(order: int) -> None:
    both = [f"@secrets(sources=[{inline('a', KEY='1')}])", "@environment(vars={'KEY': 'x'})"]
    assert codes(flow("\n    ".join(both[::order]))) >= {"MF121"}
    both[0] = both[0].replace("])", "], allow_override=True)")
    assert codes(flow("\n    ".join(both[::order]))) >= {"MF628"}
    both[1] = "@environment(vars={'OTHER': 'x'})"
    assert codes(flow("\n    ".join(both[::order]))) == {"MF626"}


# ---------------------------------------------------------------------- what only the store knows


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("print(os.environ['A'])", ["A"]),
        ("print(os.environ.get('A'), os.environ.get('b', 'none'))", ["A", "b"]),
        ("print(os.getenv('A'), getenv('B'), environ['C'])", ["A", "B", "C"]),
        ("print('A' in os.environ)", ["A"]),
        ("print(os.environ[NAME])", ["FROM_CONSTANT"]),
        ("connect()", ["HOST", "PASSWORD"]),
        ("self.helper()", ["IN_HELPER", "HOST", "PASSWORD"]),
        ("print(Client())", ["IN_CLASS"]),
        ("print(os.environ['HOME'], os.environ['A'])", ["A"]),  # a secret cannot set HOME
    ],
)
@pytest.mark.parametrize(
    "source",
    [
        f"'{AWS}.db'",
        f"'{AWS}.arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbC123'",
        f"{{'type': '{AWS}', 'id': 'db'}}",
        f"{{'type': '{GCP}', 'id': 'db', 'options': {{'json': True}}}}",
        "'db'",  # the default backend is a matter of Metaflow's configuration
        "{'id': 'db'}",
        "'outerbounds.db'",  # of an extension package
    ],
)
def test_variables_that_the_step_reads(body: str, names: list[str], source: str) -> None:
    head = """
        NAME = "FROM_CONSTANT"
        def connect(): return os.environ["HOST"], password()
        def password(): return os.environ["PASSWORD"]
        def other(): return os.environ["OTHER"]
        class Client:
            def __init__(self): print(os.environ["IN_CLASS"])
    """
    members = "def helper(self):\n    return os.environ['IN_HELPER'], connect()"
    text = flow(f"@secrets(sources=[{source}])", body, head, members)
    assert variables(text) == dict.fromkeys(names, "db")
    assert codes(text) >= {"MF624", "MF626"}
    assert "# MF624: " in (found(text).code or "")


@pytest.mark.parametrize(
    ("body", "checked"),
    [
        ("print(os.environ['A'], os.environ.get('B', 'none'))", "'A'"),
        ("print(os.environ['A'], os.getenv('B', default='none'), 'C' in os.environ)", "'A'"),
        ("print(os.getenv('A'), os.environ.get('B'))", "'A', 'B'"),
        ("print('A' in os.environ and os.environ['A'])", "'A'"),
        ("print(os.environ['A'], os.environ.get('b', ''))", "'A', b='B'"),
        ("print(os.environ.get('A', ''))", None),
    ],
)
def test_variables_that_the_step_can_do_without(body: str, checked: str | None) -> None:
    """They are asked for as well, but the secret need not have them."""
    source = flow(f"@secrets(sources=['{AWS}.db'])", body)
    code = (found(source).code or "").replace('"', "'")
    assert (f"@with_secrets({checked})" in code) if checked else "with_secrets" not in code
    assert len(requests(source)) == len({name for name in "ABCb" if f"'{name}'" in body})


@pytest.mark.parametrize(
    ("sources", "body"),
    [
        (f"['{AWS}.db']", "print(len(os.environ))"),
        (f"['{AWS}.db']", "os.environ['A'] = 'set, not read'"),
        (f"['{AWS}.db']", "print(os.environ[unknown()])"),
        (f"['{AWS}.db']", "print(os.environ['METAFLOW_USER'], os.environ['PATH'])"),
        (f"['{AWS}.db', '{AWS}.mail']", "print(os.environ['A'])"),  # of which of the two?
        (f"['{AWS}.db', {inline('x', A='1')}]", "print(os.environ['A'])"),  # that of the other
        (
            f"[{{'type': '{AWS}', 'id': 'arn:aws:secretsmanager:a:1:secret:db-secret', "
            "'options': {'json': False}}]",
            "pass",
        ),
    ],
)
def test_variables_that_nobody_knows(sources: str, body: str) -> None:
    source = flow(f"@secrets(sources={sources})", body, head="def unknown(): return 'A'")
    assert "MF623" in codes(source)
    assert found(source).code is None


def test_variables_of_environment_are_no_secrets() -> None:
    source = flow(
        f"@secrets(sources=['{AWS}.db'])\n    @environment(vars={{'PORT': 1}})",
        "print(os.environ['PORT'], os.environ['A'])",
    )
    assert variables(source) == {"A": "db"}


# ---------------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (f"sources=[{inline('a', K='1')}], role='reader'", 1),
        (f"sources=[{inline('a', K='1')}], role=os.environ['ROLE']", 1),
        (f"sources=[{inline('a', K='1')}], role=None", 0),
        (f"sources=[{inline('a', K='1')[:-1]}, 'role': 'reader'}}]", 1),
        (f"sources=[{inline('a', K='1')[:-1]}, 'role': None}}]", 0),
        (f"sources=[{secret(AWS, 'a', json=False, env_var_name='K', region='us-west-2')}]", 1),
    ],
)
def test_roles_and_regions(arguments: str, count: int) -> None:
    source = flow(f"@secrets({arguments})")
    warnings = [m for m in found(source).diagnostics if m.code == "MF625"]
    assert len(warnings) == count
    code = found(source).code
    assert code is not None and code.count("# MF625: ") == count


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("api", "api"),
        ("Mail_Server", "mail-server"),
        ("prod/db.main", "prod-db.main"),
        ("-x-", "x"),
        ("", "secrets"),
        ("日本", "secrets"),
    ],
)
def test_group_names(text: str, name: str) -> None:
    assert group_name(text) == name


def test_no_value_comes_into_the_module() -> None:
    code = found(flow(f"@secrets(sources=[{inline('api', TOKEN='t0ps3cret')}])")).code
    assert code is not None and "t0ps3cret" not in code and "TOKEN" in code
    messages = found(flow(f"@secrets(sources=[{inline('api', TOKEN='t0ps3cret')}])")).diagnostics
    assert not any("t0ps3cret" in message.message + message.advice for message in messages)


def test_docstring_names_the_secrets() -> None:
    code = found(flow(f"@secrets(sources=[{inline('Api', token='x')}])")).code
    assert code is not None
    shown = (ast.get_docstring(ast.parse(code)) or "").splitlines()
    assert "    TOKEN (key token of the secret api)" in shown


@pytest.mark.parametrize(
    ("exported", "printed"),
    [
        ({"TOKEN": "t", "LOWER": "l"}, "t l"),
        ({"TOKEN": "t"}, "no secret has set the variable LOWER"),
        ({"LOWER": "l"}, "no secret has set the variable TOKEN"),
    ],
)
def test_local_run(exported: dict[str, str], printed: str, tmp_path: Path) -> None:
    """A missing secret fails the task before the step."""
    body = "print(os.environ['TOKEN'], os.environ.get('lower', 'never'))"
    code = found(flow(f"@secrets(sources=[{inline('api', TOKEN='x', lower='y')}])", body)).code
    assert code is not None
    (tmp_path / "flyte_wf.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-c", "from flyte_wf import the_flow; the_flow()"],
        cwd=tmp_path,
        env=clean_environment() | exported | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert printed in done.stdout + done.stderr
    assert "never" not in done.stdout


def test_serialised() -> None:
    tasks = register_offline(GOLDEN / "secrets_stores" / "flyte_wf.py").tasks
    asked = {
        name.rpartition(".")[2]: [
            (s.group, s.group_version, s.key, s.env_var)
            for s in task.template.security_context.secrets
            if s.mount_requirement == Secret.ENV_VAR
        ]
        for name, task in tasks.items()
    }
    assert asked == {
        "start": [
            ("prod-db-credentials", "", "DB_USER", "DB_USER"),
            ("prod-db-credentials", "", "DB_PASSWORD", "DB_PASSWORD"),
            ("slack-hook", "", "SLACK_HOOK", "SLACK_HOOK"),
        ],
        "fetch": [("maps-api-key", "3", "maps_api_key", "MAPS_API_KEY")],
        "end": [("search-key", "", "search_key", "SEARCH_KEY")],
    }


def test_serialised_map_task() -> None:
    """Each element of a map task gets the secrets of the task."""
    tasks = register_offline(GOLDEN / "secrets_inline" / "flyte_wf.py").tasks
    (mapped,) = (task for name, task in tasks.items() if "-arraynode" in name)
    (asked,) = mapped.template.security_context.secrets
    assert (asked.group, asked.key, asked.env_var) == ("signing", "SIGNING_KEY", "SIGNING_KEY")
