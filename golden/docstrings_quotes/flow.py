r'''A module docstring with "double", 'single' and """triple""" quotes, and a \backslash.'''
from metaflow import FlowSpec, Parameter, step

# {% raw %} a comment that a template engine must not read {{ nor }} this {# one #}
PATTERN = r"\d+\s*\"?"
TEMPLATE = "{{ name }} {% if x %}{x}{% endif %} %s %%"


class QuotesFlow(FlowSpec):
    '''Text that hurts: """triple""", it's, "quoted", \\ and a line that goes on\
 here.

    Braces {like} {{these}} and {% those %}; unicode: naïve café, 日本語, 🎉.
        An indented line, and a tab:	there.
    The last line ends in a quote: "'''

    quoted = Parameter("quoted", help='Say "hello", it\'s me', default="it's \"so\" ''' \"\"\" ")
    path = Parameter("path", help=r"A path like C:\new\table", default="C:\\new\\table")
    lines = Parameter("lines", help="First line\nsecond line", default="one\ntwo\r\nthree\ttab")
    braces = Parameter("braces", help="{{ jinja }} {% tag %} {0}", default="{{ x }} {% y %} {# z #} {0} %d")
    accents = Parameter("accents", help="Größe – „Anführung“", default="naïve ☃ 日本語 🎉 \u200b\x07")
    backslash = Parameter("backslash", help="Ends in a backslash \\", default="\\")

    @step
    def start(self):
        """A docstring with \"\"\"escaped\"\"\" quotes and a \\ backslash."""
        self.texts = [self.quoted, self.path, self.lines, self.braces, self.accents, self.backslash]
        self.raw = r'raw \n "text"'
        self.multi = """line one
    line two with "quotes" and \
a continuation
"""
        self.data = b'\x00"bytes\''
        self.next(self.formats)

    @step
    def formats(self):
        r'''Raw docstring: \n stays, and """ too.'''
        x = "v"
        self.formatted = f"{{literal}} {x!r:>5} {'nested'} {self.quoted[:4]}"
        self.filled = TEMPLATE.replace("%s", self.backslash)  # {{ in a comment }}
        self.pattern = PATTERN
        self.next(self.end)

    @step
    def end(self):
        'A docstring in single quotes'
        self.lengths = [len(text) for text in self.texts]
        print(self.lengths, self.formatted, self.filled)


if __name__ == "__main__":
    QuotesFlow()
