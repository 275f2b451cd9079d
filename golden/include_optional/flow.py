"""Signs a document, with a picture if there is one."""

import hashlib

from metaflow import FlowSpec, IncludeFile, step


class SignFlow(FlowSpec):
    """The fingerprint of a document."""

    document = IncludeFile("document", required=True, is_text=False, help="What is signed.")
    picture = IncludeFile("my-picture", is_text=False, help="Shown beside the signature.")
    notes = IncludeFile("notes", parser=str.split)

    def fingerprint(self):
        return hashlib.sha256(self.document).hexdigest()

    @step
    def start(self):
        self.signed = self.fingerprint()
        self.next(self.decorate)

    @step
    def decorate(self):
        self.has_picture = self.picture is not None
        self.size = len(self.picture) if self.picture else 0
        self.words = getattr(self, "notes")
        self.next(self.end)

    @step
    def end(self):
        self.known = [name for name in ("notes", "picture", "price") if hasattr(self, name)]
        try:
            self.document = b""
        except AttributeError:
            print("a file is read-only, like every Parameter")
        print(self.signed, self.size, self.words)


if __name__ == "__main__":
    SignFlow()
