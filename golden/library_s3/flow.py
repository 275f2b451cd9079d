import json

from metaflow import S3, FlowSpec, Parameter, current, step
from metaflow.plugins.datatools.s3 import MetaflowS3NotFound


def previous(s3):
    """The totals of the last report, if there is one."""
    try:
        return json.loads(s3.get("latest.json").blob)
    except MetaflowS3NotFound:
        return {}


class LakeReportFlow(FlowSpec):
    """Reads what shops have sent, and writes a report."""

    bucket = Parameter("bucket", default="lake")

    @step
    def start(self):
        with S3(s3root=f"s3://{self.bucket}/incoming") as s3:
            self.sizes = {found.key: found.size for found in s3.list_recursive()}
            self.rows = [
                line for found in s3.get_all() for line in found.text.splitlines() if line
            ]
        with S3(run=self) as s3:
            s3.put("rows.json", json.dumps(self.rows))
        self.next(self.end)

    @step
    def end(self):
        self.totals = {}
        for row in self.rows:
            shop, amount = row.split(",")
            self.totals[shop] = self.totals.get(shop, 0) + int(amount)
        with S3(s3root=f"s3://{self.bucket}/reports/{current.flow_name}") as s3:
            self.before = previous(s3)
            self.url = s3.put("latest.json", json.dumps(self.totals))
            self.urls = s3.put_many([(f"shops/{k}.txt", str(v)) for k, v in self.totals.items()])
        with S3(run=self) as s3:
            self.raw = json.loads(s3.get("rows.json").text)
        with S3() as s3:
            self.written = json.loads(s3.get(self.url).text)


if __name__ == "__main__":
    LakeReportFlow()
