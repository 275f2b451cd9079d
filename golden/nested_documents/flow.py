"""Documents, their pages, and what is found on them."""
import re
from collections import Counter
from dataclasses import dataclass, field

from metaflow import FlowSpec, retry, step

ARCHIVE = {
    "contract.pdf": ["Between ACME and Bolt. Paid on 2024-03-01.", "Signed by ACME."],
    "memo.pdf": ["Bolt is late since 2024-04-15."],
}


@dataclass
class Page:
    number: int
    text: str
    names: list = field(default_factory=list)


class DocumentsFlow(FlowSpec):
    """For each document a foreach over its pages, and on each page two extractions side by side."""

    @step
    def start(self):
        self.paths = sorted(ARCHIVE)
        self.pattern = r"\d{4}-\d{2}-\d{2}"
        self.next(self.open_document, foreach="paths")

    @step
    def open_document(self):
        self.path = self.input
        self.pages = [Page(number, text) for number, text in enumerate(ARCHIVE[self.path], start=1)]
        self.next(self.read_page, foreach="pages")

    @step
    def read_page(self):
        self.page = self.input
        self.next(self.find_names, self.find_dates)

    @retry(times=1, minutes_between_retries=0)
    @step
    def find_names(self):
        self.page.names.extend(re.findall(r"\b(?:ACME|Bolt)\b", self.page.text))
        self.next(self.page_done)

    @step
    def find_dates(self):
        self.dates = re.findall(self.pattern, self.page.text)
        self.next(self.page_done)

    @step
    def page_done(self, inputs):
        self.page = inputs.find_names.page
        self.dates = inputs.find_dates.dates
        self.path = inputs.find_dates.path
        self.next(self.document_done)

    @step
    def document_done(self, inputs):
        self.path = inputs[0].path
        self.pages = [inp.page for inp in inputs]
        self.dates = sorted(date for inp in inputs for date in inp.dates)
        self.names = Counter(name for page in self.pages for name in page.names)
        self.next(self.index_documents)

    @step
    def index_documents(self, inputs):
        self.index_by_name = {}
        for inp in inputs:
            for name in inp.names:
                self.index_by_name.setdefault(name, []).append(inp.path)
        self.latest = max(date for inp in inputs for date in inp.dates)
        self.page_count = sum(len(inp.pages) for inp in inputs)
        self.next(self.end)

    @step
    def end(self):
        print(self.index_by_name, self.latest, self.page_count)


if __name__ == "__main__":
    DocumentsFlow()
