import hashlib
import os

from metaflow import FlowSpec, environment, retry, secrets, step


def signature(text):
    return hashlib.sha256((os.environ["SIGNING_KEY"] + text).encode()).hexdigest()


class SecretsInlineFlow(FlowSpec):
    @step
    def start(self):
        self.report = "all is well"
        self.names = ["first", "second"]
        self.next(self.sign)

    # two sources; Flyte wants upper-case names of variables
    @secrets(
        sources=[
            {"type": "inline", "id": "signing", "options": {"env_vars": {"SIGNING_KEY": "k3y"}}},
            {
                "type": "inline",
                "id": "Mail_Server",
                "options": {"env_vars": {"mail_user": "reports", "MAIL_PASSWORD": "secret"}},
            },
        ]
    )
    @environment(vars={"MAIL_PORT": 25})
    @retry(times=1, minutes_between_retries=0)
    @step
    def sign(self):
        self.signed = signature(self.report)
        self.login = (os.environ["mail_user"], len(os.environ["MAIL_PASSWORD"]))
        self.port = os.environ["MAIL_PORT"]
        self.next(self.each, foreach="names")

    @secrets(
        sources=[{"type": "inline", "id": "signing", "options": {"env_vars": {"SIGNING_KEY": "k3y"}}}]
    )
    @step
    def each(self):
        self.own = signature(self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.all = [each.own for each in inputs]
        self.merge_artifacts(inputs, include=["signed", "login", "port"])
        self.next(self.end)

    @step
    def end(self):
        print(self.signed, self.login, self.port, self.all)


if __name__ == "__main__":
    SecretsInlineFlow()
