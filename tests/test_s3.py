"""metaflow.S3 and what stands for it, before the same objects of a server on this machine."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from codegen import translate
from tests.cases import GOLDEN
from tests.support.equality import compare
from tests.support.flyte_side import run_flyte
from tests.support.metaflow_side import run_metaflow
from tests.support.result import RunResult
from tests.support.s3_server import CREDENTIALS, s3_server

INCOMING = {
    "lake/incoming/eu/berlin.csv": b"berlin,3\nberlin,4\n",
    "lake/incoming/eu/rome.csv": b"rome,5\n",
    "lake/incoming/empty.csv": b"",
    "lake/incomingness/other.csv": b"not,1\n",
}

EVERYTHING = """
import os

from metaflow import S3, FlowSpec, step
from metaflow.plugins.datatools.s3 import MetaflowS3NotFound, MetaflowS3URLException

ROOT = "s3://lake/reports/"


def shown(objects):
    return sorted((o.key, o.url, o.exists, o.size, o.downloaded) for o in objects)


class LakeFlow(FlowSpec):
    @step
    def start(self):
        with S3(s3root=ROOT) as s3:
            self.url = s3.put("2026/jan.txt", "cold \\u2603")
            self.urls = s3.put_many([("2026/feb.txt", b"wet"), ("2026/q1/sum.txt", "3")])
            with open("local.csv", "w") as file:
                file.write("a,b\\n")
            with open("local.csv", "rb") as file:
                s3.put("file", file)
            self.files = s3.put_files([("csv/local.csv", "local.csv")])
            new = [("2026/feb.txt", b"x"), ("2026/mar.txt", "y")]
            self.again = s3.put_many(new, overwrite=False)
            self.kept = s3.put("2026/feb.txt", "not written", overwrite=False)
            os.remove("local.csv")
            s3.put("empty/x", "")
        self.next(self.read)

    @step
    def read(self):
        with S3() as s3:
            found = s3.get(self.url)
            self.text = found.text
            self.found = shown([found])
            self.is_file = os.path.exists(found.path)
            missing = s3.get("s3://lake/nothing", return_missing=True)
            self.missing = shown([missing])
            self.nothing = (missing.path, missing.blob, missing.text)
            try:
                s3.get("s3://lake/nothing")
            except MetaflowS3NotFound as error:
                self.error = type(error).__name__
            self.many = [each.blob for each in s3.get_many([url for _, url in self.urls])]
            path = found.path
        self.gone = not os.path.exists(path)
        self.wrong = []
        for root, key in [(None, "key"), (None, None), (ROOT, "s3://lake/x"), ("lake", "x")]:
            try:
                with S3(s3root=root) as s3:
                    s3.get(key)
            except MetaflowS3URLException:
                self.wrong.append(key)
        self.next(self.end)

    @step
    def end(self):
        with S3(s3root=ROOT) as s3:
            self.paths = shown(s3.list_paths())
            self.below = shown(s3.list_paths(["2026", "csv/", "none", "2026/jan.txt", "empty"]))
            self.all = shown(s3.list_recursive())
            self.some = shown(s3.list_recursive(["2026/q", "2026/q1", "2026/", "2026/jan.txt"]))
            self.loaded = sorted((each.key, each.text) for each in s3.get_all())
            tree = s3.get_recursive(["2026/q", "2026/jan.txt"])
            self.tree = sorted((each.key, each.text) for each in tree)
            self.info = shown([s3.info("2026/jan.txt"), s3.info("x", return_missing=True)])
            self.slash = shown([s3.get("/2026/jan.txt")])


if __name__ == "__main__":
    LakeFlow()
"""


def without_run(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    """The objects without the id of the run in their names."""
    return {re.sub("(?<=lake/data/)([^/]+)/[^/]+", r"\1/RUN", key): objects[key] for key in objects}


def both(flow: Path, module: Path, name: str, workflow: str) -> tuple[RunResult, RunResult]:
    """A run on each side; both have stored the same objects in the end."""
    stores = []
    with s3_server() as server:
        server.objects.update(INCOMING)
        more = {**CREDENTIALS, "METAFLOW_S3_ENDPOINT_URL": server.url}
        more["METAFLOW_DATATOOLS_S3ROOT"] = "s3://lake/data"
        expected = run_metaflow(flow, {}, flow_name=name, environment=more)
        stores.append(without_run(server.objects))
    assert expected.error is None, expected.stdout
    with s3_server() as server:
        server.objects.update(INCOMING)
        more = {**CREDENTIALS, "AWS_ENDPOINT_URL": server.url}
        found = run_flyte(module, workflow, {}, environment=more)
        stores.append(without_run(server.objects))
    assert stores[0] == stores[1] != INCOMING
    return expected, found


def test_golden_case() -> None:
    case = GOLDEN / "library_s3"
    expected, found = both(
        case / "flow.py", case / "flyte_wf.py", "LakeReportFlow", "lake_report_flow"
    )
    assert compare(expected, found, {"bucket"}) == []
    assert "('str', 'berlin'), ('int', 7)" in str(found.outputs["totals"])


@pytest.mark.slow
def test_everything(tmp_path: Path) -> None:
    flow, module = tmp_path / "flow.py", tmp_path / "flyte_wf.py"
    flow.write_text(EVERYTHING, encoding="utf-8")
    result = translate(EVERYTHING)
    assert result.code is not None, result.diagnostics
    module.write_text(result.code, encoding="utf-8")
    expected, found = both(flow, module, "LakeFlow", "lake_flow")
    assert compare(expected, found, set()) == []
