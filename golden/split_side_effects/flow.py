from pathlib import Path

from metaflow import FlowSpec, environment, retry, step

OUTBOX = Path("split_side_effects.outbox")


class SplitSideEffectsFlow(FlowSpec):
    """Notifications go out side by side: no branch leaves any data."""

    @step
    def start(self):
        OUTBOX.mkdir(exist_ok=True)
        self.next(self.mail, self.chat, self.archive)

    @retry(times=2, minutes_between_retries=0)
    @step
    def mail(self):
        (OUTBOX / "mail.txt").write_text("the numbers are ready")
        self.next(self.sent)

    @environment(vars={"CHAT_CHANNEL": "#numbers"})
    @step
    def chat(self):
        import os

        (OUTBOX / "chat.txt").write_text(f"{os.environ['CHAT_CHANNEL']}: ready")
        self.next(self.sent)

    @step
    def archive(self):
        print("nothing to archive")
        self.next(self.sent)

    @step
    def sent(self, inputs):
        print("all sent")
        self.next(self.end)

    @step
    def end(self):
        self.messages = {path.stem: path.read_text() for path in sorted(OUTBOX.iterdir())}
        for path in OUTBOX.iterdir():
            path.unlink()
        OUTBOX.rmdir()


if __name__ == "__main__":
    SplitSideEffectsFlow()
