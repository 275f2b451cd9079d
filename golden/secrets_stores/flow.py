import os

from metaflow import FlowSpec, secrets, step


def connection():
    return f"postgresql://{os.environ['DB_USER']}:{os.getenv('DB_PASSWORD')}@db/sales"


class SecretsStoresFlow(FlowSpec):
    """Secrets of three clouds."""

    @secrets(
        sources=[
            # a JSON object, as AWS keeps it by default
            "aws-secrets-manager.prod/db-credentials",
            {
                "type": "aws-secrets-manager",
                "id": "slack-hook",
                "options": {"json": False, "env_var_name": "SLACK_HOOK", "region": "us-west-2"},
                "role": "arn:aws:iam::123456789012:role/reader",
            },
        ]
    )
    @step
    def start(self):
        self.target = connection()
        self.hook = os.environ["SLACK_HOOK"]
        self.next(self.fetch)

    @secrets(sources=["gcp-secret-manager.projects/1234567890/secrets/maps-api-key/versions/3"])
    @step
    def fetch(self):
        self.key_length = len(os.environ["maps_api_key"])
        self.next(self.end)

    @secrets(sources=["az-key-vault.https://team.vault.azure.net/secrets/search-key/"], role="reader")
    @step
    def end(self):
        print(self.target, self.hook, self.key_length, len(os.environ["search_key"]))


if __name__ == "__main__":
    SecretsStoresFlow()
