"""Random flows with helper methods, constants, base classes and attributes by computed names.

A seed makes a small graph and members for its class, from a grammar: templates of statements and
expressions, whose holes are filled with others. Artifacts of `_CORE` are always set, so that most
flows succeed; those of `_DOUBTFUL` only now and then, and are looked at with care. A few flows
have one place that fails.
"""

import ast
import random
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

FEATURES = {
    "helpers": 0.85,
    "constants": 0.6,
    "properties": 0.4,
    "dynamic": 0.5,
    "unbounded": 0.15,
    "vars": 0.15,
    "functions": 0.4,
    "nested": 0.4,
    "deleted": 0.3,
    "stored": 0.15,
    "bases": 0.45,
}
"""What flows may use, and how many of them do."""

_CORE = {
    "int": ["total", "count", "score"],
    "str": ["label", "title", "_mark"],
    "list": ["rows", "values"],
    "words": ["names", "tags"],
    "dict": ["counts", "config"],
}
_DOUBTFUL = {
    "int": ["best", "n_age", "n_size", "_hint"],
    "str": ["remark", "low_age"],
    "list": ["extra", "n_rows"],
    "words": ["words"],
    "dict": ["details"],
}
_LITERALS = {
    "int": ["0", "1", "2", "-3", "7", "SCALE", "10**12"],
    "str": ['"ab"', '""', '"x y"', '"é"', '"low"'],
    "list": ["[3, 1]", "[]", "[2]", "[5, 5, 0]"],
    "words": ['["ab", "c"]', "[]", '["age"]', '["size", "age"]'],
    "dict": ['{"k": 1}', "{}", '{"n": 4, "k": 0}'],
    "bool": ["True", "False"],
}
_VALUES: dict[str, list[Any]] = {"n": [0, 3, 7], "given": [[3], [5, 1, 1]], "mode": ["age", "no"]}
_PARAMETERS = {
    "n": 'Parameter("n", default=2)',
    "mode": 'Parameter("mode", default="size")',
    "given": 'Parameter("given", default="[4, 2]", type=JSONType)',
}

# ---------------------------------------------------------------------- the grammar
#
# <int>    an expression of that kind            <.int>    a core artifact's name
# <?int>   the name of a doubtful artifact       <do>      a statement
# <call>   a call of a helper                    <x:a>     the same wherever it is <x:a>

_EXPRESSIONS = {
    "int": [
        "<int> + <int>", "<int> - 1", "len(<list>)", "sum(<list>)", "scale(<int>)",
        'self.<.dict>.get("k", 0)', "len(<words>)", "<int> if <bool> else <int>",
        "max(<list>, default=0)",
    ],
    "str": [
        'f"{self.<.int>}-{self.<.str>}"', '<str> + "s"', "<str>.upper()", "longest(<words>)",
        "str(<int>)", "str(self.index)",
    ],
    "list": [
        "<list>[:2] + [<int>]", "[2 * v for v in <list>]", "sorted(<list>)", "list(range(<few>))",
        "list(<dict>.values())", "[len(w) for w in <words>]",
    ],
    "words": ["<words>[:2] + [<str>]", "[w.title() for w in <words>]", "<str>.split()",
              "sorted(<dict>)"],
    "dict": ['{**<dict>, "n": <int>}', '{"k": <int>}', "dict(zip(<words>, <list>))",
             "{w: len(w) for w in <words>}"],
    "bool": ["<int> > 2", "not <list>", '"a" in <words>', "<int> % 2 == 0", "<str> == <str>"],
}  # fmt: skip

_FEATURE_EXPRESSIONS = {
    "constants": {
        "int": ["self.LIMIT", "self.DOUBLE", "self._rate", "len(self.COLUMNS)", "len(self._seen)",
                'self.OPTIONS.get("n", 0)', "self.LIMIT + self.HIGH", "len(self._cache)"],
        "str": ["self.TITLE", "self.COLUMNS[0]", 'f"{self.PAIR}"', "self.HEADING.lower()"],
        "list": ["list(self.PAIR[:1])", "list(self._seen)"],
        "words": ["list(self.COLUMNS)", "self.ALL", "self.ALL + self.COLUMNS"],
        "dict": ["dict(self.OPTIONS)", "self.OPTIONS", "self._cache"],
        "bool": ['"z" in self.ALL', "<int> < self.LIMIT"],
    },
    "properties": {"int": ["self.size", "self.level"], "str": ["self.owner"]},
    "dynamic": {
        "int": ['getattr(self, "<?int>", <int>)', 'getattr(self, "<.int>")',
                'sum(getattr(self, "n_" + w, 0) for w in ("age", "size"))',
                'sum(hasattr(self, w) for w in ("<?int>", "<?list>", "<.int>"))'],
        "list": ['[getattr(self, w, 0) for w in ("<?int>", "<.int>")]', 'getattr(self, "<.list>")'],
        "str": ['getattr(self, "<?str>", "none")'],
        "dict": ['{w: getattr(self, w, None) for w in ("<?int>", "<?str>")}'],
        "bool": ['hasattr(self, "<?int>")', 'hasattr(self, "<?list>")'],
    },
    "unbounded": {
        "int": ['getattr(self, "x_ab", 0)', 'sum(getattr(self, f"x_{w}", 1) for w in <words>)'],
        "bool": ['hasattr(self, "x_age")', 'hasattr(self, "x_" + <str>)'],
    },
    "vars": {
        "words": ['seen_in(vars(self))', 'seen_in(self.__dict__)'],
        "int": ['self.__dict__.get("<.int>", -1)'],
        "bool": ['"<.list>" in vars(self)'],
    },
}  # fmt: skip

_PLAIN = [
    (5, "self.<.int> = <int>"), (3, "self.<.str> = <str>"), (2, "self.<.words> = list(<words>)"),
    (2, "self.<.list> = list(<list>)"), (2, "self.<.dict> = dict(<dict>)"),
    (3, "self.<.int> += <int>"), (3, "self.<.list>.append(<int>)"),
    (2, "self.<.words>.append(<str>)"), (2, "self.<.dict>[<str>] = <int>"),
    (1, "<v:a> = self.<.list>\n<v:a>.append(<int>)"),
    (1, "self.<.list>, self.<.int> = list(<list>), <int>"),
    (1, "print(<str>, <list>)"),
    (1, "for v in <list>[:3]:\n    self.<.int> += v"),
    (2, "if <bool>:\n    <do>"), (1, "if <bool>:\n    <do>\nelse:\n    <do>"),
    (1, "if <bool>:\n    self.<?int> = <int>"),
    (1, "for v in <list>[:2]:\n    <do>"),
    (1, 'self.<?list> = getattr(self, "<?list>", [])[:3] + [<int>]'),
    (1, 'if hasattr(self, "<?list:a>"):\n    self.<?list:a>.append(<int>)'),
    (1, 'if not hasattr(self, "<?str:a>"):\n    self.<?str:a> = <str>'),
]  # fmt: skip

_STATEMENTS = {
    "helpers": [
        (8, "<call>"), (2, "if <bool>:\n    <call>"), (2, "for v in <list>[:3]:\n    <call>"),
        (2, "try:\n    <call>\n    <do>\nexcept (ValueError, KeyError):\n    <do>"),
        (1, "<v:a> = <call>\nself.<?list> = [<v:a>]"), (2, "self.<.list> = list(self.each(<few>))"),
        (1, "self.<.list> = [self.shift(v) for v in <list>[:3]]"),
        (1, "<v:a> = [<call>, <call>]\nself.<.int> += len(<v:a>)"),
        (1, "try:\n    self.risky(<int>)\nexcept ValueError as error:\n"
            "    self.<.str> = str(error)"),
        (1, "self.<.int> = self.scaled(<int>) + self.doubled(<int>)"),
        (1, "self.down(<few>)"),
        (1, "self.<.list> = sorted(<list>, key=self.shift)"),
        (1, "while self.shift(self.<.int:a>) < 4:\n    self.<.int:a> += 3"),
        (1, "with self.block(<str>) as v:\n    <do>"),
    ],
    "constants": [
        (2, "self.COLUMNS.append(<str>)"), (2, 'self.OPTIONS["n"] = <int>'),
        (2, "self._rate += <int>"), (1, "self._seen.append(<int>)"),
        (1, "self._cache[<str>] = <int>"), (1, "self.<.words> = self.COLUMNS"),
        (1, "self.<.dict> = self.OPTIONS\nself.<.dict>[<str>] = <int>"),
        (1, "try:\n    self.LIMIT = <int>\nexcept AttributeError as error:\n"
            "    self.<.str> = str(error)"),
        (1, "for w in self.COLUMNS[:3]:\n    self.<.dict>[w] = self.LIMIT"),
    ],
    "properties": [
        (2, "self.owner = <str>"), (1, "self.owner += <str>"), (2, "self.<.int> += self.size"),
        (1, "try:\n    self.size = <int>\nexcept AttributeError:\n    <do>"),
    ],
    "dynamic": [
        (2, 'for w in ("age", "size"):\n    setattr(self, f"n_{w}", <int>)'),
        (1, 'setattr(self, "<.int>", <int>)'), (1, 'setattr(self, "<?str>", <str>)'),
        (1, 'for w, v in (("<.int>", 4), ("<?int>", <int>)):\n    setattr(self, w, v)'),
        (1, 'for w in ["<.list>", "<.words>"]:\n    getattr(self, w).append(<few>)'),
        (1, 'if <bool>:\n    setattr(self, "low_" + "age", <str>)'),
        (1, 'try:\n    self.<.str> = self.<?str>\nexcept AttributeError as error:\n'
            '    self.<.str> = str(error)'),
        (1, 'self.<?words> = [w for w in ("<?int>", "<?str>", "<.int>") if hasattr(self, w)]'),
        (1, 'if hasattr(self, "<?int:a>") and self.<?int:a> > 2:\n'
            '    self.<.int> += self.<?int:a>'),
    ],
    "unbounded": [
        (3, 'for w in <words>[:3]:\n    setattr(self, f"x_{w}", len(w))'),
        (1, 'setattr(self, "x_" + <str>, <int>)'),
        (1, 'for w in list(<dict>)[:2]:\n    setattr(self, f"x_{w}", <list>)'),
        (1, 'setattr(self, ["<.int>", "<?int>"][<int> % 2], <int>)'),
    ],
    "vars": [
        (1, 'vars(self)["<.int>"] = <int>'), (1, "self.__dict__.update({'<?int>': <int>})"),
        (1, "self.<.words> = seen_in(vars(self))"),
    ],
    "functions": [
        (3, "bump(self, <int>)"), (2, "note(self, <str>)"), (1, 'store(self, "<?int>", <int>)'),
        (1, 'store(flow=self, name="<.int>", value=<int>)'), (1, "self.<.int> = measure(self)"),
        (1, "me = self\nbump(me, <int>)\nme.<.str> = <str>"),
    ],
    "nested": [
        (2, "def add(v):\n    self.<.int> += v\nfor v in <list>[:2]:\n    add(v)"),
        (1, "<v:a> = lambda v: self.<.list>.append(v)\n<v:a>(<int>)"),
        (1, "def put(v):\n    if v > 1:\n        self.<?int> = v\n    return self.<.int>\n"
            "self.<.int> = put(<int>)"),
        (1, "def outer():\n    def inner():\n        self.<.str> = <str>\n    inner()\nouter()"),
        (1, '[setattr(self, "<.int>", v) for v in <list>[:2]]'),
        (1, "def get():\n    return self.<.int>\nself.<.list>.append(get())"),
    ],
    "deleted": [
        (2, "self.scratch = <int>\nself.<.int> += self.scratch\ndel self.scratch"),
        (1, 'if hasattr(self, "<?int:a>"):\n    del self.<?int:a>'),
        (1, 'for w in ("<?int>", "<?str>"):\n    if hasattr(self, w):\n        delattr(self, w)'),
        (1, 'self.buffer = [<int>]\ndelattr(self, "buffer")\n'
            'self.<.int> += hasattr(self, "buffer")'),
        (1, "try:\n    del self.<?int>\nexcept AttributeError:\n    self.<.str> = <str>"),
    ],
    "stored": [
        (1, "self.callback = scale\nself.<.int> = self.callback(<int>)"),
        (1, "self.callback = lambda v: v\nself.<.int> += self.callback(1)"),
        (1, 'self.<.words> = [type(getattr(self, "callback", None)).__name__]'),
        (1, "self.maker = dict\nself.<.dict> = self.maker(k=<int>)"),
    ],
}  # fmt: skip
_STORED = ["self.callback = self.shift\nself.<.int> = self.callback(<int>)"]
_FORGET = "<v:a> = len(self.<.list:b>)\ndel self.<.list:b>\nself.<.int> += <v:a>"

_PLANTS = [
    "print(self.<?int>)",
    "self.risky(10**6)",
    "self.LIMIT = <int>",
    "self.handle = (v for v in <list>)",
    "self.n = <int>",
    "del self.<?list>",
    "self.size = 3",
    'setattr(self, "n", 1)',
    "self.<.int> = self.nothing(1)",
    "print(self.callback)",
]
_NEEDS = {"risky": "helpers", "LIMIT": "constants", "size": "properties", "callback": "stored"}

# Helpers by name: the kind that they return, how others call them, and their text.
_KNOWN = {
    "shift": ("int", "self.shift(<int>)", "def shift(self, value):\n    return value % 10 + 1"),
    "scaled": ("int", "self.scaled(<int>)",
               "@staticmethod\ndef scaled(value):\n    return scale(value) % 100"),
    "doubled": ("int", "self.doubled(<int>)",
                "@classmethod\ndef doubled(cls, value):\n    return value * RATE % 1000"),
    "count_all": ("int", "self.count_all()",
                  "def count_all(self):\n    return len(self.<.list>) + len(self.<.words>)"),
    "risky": ("", "self.count_all()",
              "def risky(self, value):\n    self.<.int:a> += 1\n    self.<.int:a> %= 10**6\n"
              "    if value > 50:\n        raise ValueError(value)\n    return value"),
    "down": ("", "self.down(<few>)",
             "def down(self, count):\n    if count > 0:\n        self.<.int> += 1\n"
             "        self.down(count - 1)"),
    "each": ("", "self.count_all()",
             "def each(self, most):\n    for position in range(most):\n        self.<.int> += 1\n"
             "        yield position"),
    "block": ("", "self.count_all()",
              "@contextmanager\ndef block(self, text):\n    self.<.words>.append(text)\n    try:\n"
              "        yield text\n    finally:\n        self.<.int> += 1"),
}  # fmt: skip

_HEAD = """\
from contextlib import contextmanager

from metaflow import FlowSpec, JSONType, Parameter, step

SCALE = 3


def scale(value, by=2):
    return value % 1000 * by + SCALE


def longest(words):
    return max(words, key=len, default="")


def seen_in(namespace):
    return sorted(word for word in namespace if word in (SEEN))


def bump(flow, by):
    flow.FIRST_INT += by % 1000


def note(target, text):
    target.FIRST_WORDS.append(text)
    bump(target, len(text))


def store(flow, name, value):
    setattr(flow, name, value)


def measure(flow):
    if hasattr(flow, "best"):
        flow.remark = str(flow.best)
    return len(flow.FIRST_LIST)


"""

_CONSTANTS = """\
LIMIT = <few>
DOUBLE = LIMIT * 2 + SCALE
COLUMNS = ["age", "c"]
ALL = [*COLUMNS, "z"]
OPTIONS = {"n": <few>, "deep": DOUBLE}
TITLE = "report"
HEADING = f"{TITLE} {LIMIT}"
PAIR = (LIMIT, "t")
LOW, HIGH = PAIR[0], 9
_rate = LIMIT + 1
_cache = {}
_seen = [LIMIT]
"""
_OVERRIDDEN = ["LIMIT = 5", 'COLUMNS = ["x"]', 'OPTIONS = {"k": 2}', "_rate = 0", 'TITLE = "own"']


@dataclass(frozen=True)
class _Member:
    """A helper method or property: its text, and how it is called."""

    name: str
    text: str
    call: str
    returns: str = ""  # a kind
    parameters: str = ""


@dataclass(frozen=True)
class _Context:
    """Where code is written: what it may use besides artifacts."""

    features: tuple[str, ...] = ()
    locals: tuple[tuple[str, str], ...] = ()  # kinds and names
    calls: tuple[_Member, ...] = ()
    depth: int = 2


@dataclass
class _Layer:
    """A class of the file: what its body has."""

    name: str
    bases: str
    texts: list[str] = field(default_factory=list)

    def source(self) -> str:
        body = "\n\n".join(self.texts) or "pass"
        return f"class {self.name}({self.bases}):\n" + textwrap.indent(body, "    ") + "\n\n\n"


def make_flow(seed: int) -> str:
    """The source of a flow `RandomFlow`."""
    return _Maker(seed).flow()


def arguments(seed: int, source: str) -> dict[str, Any]:
    """Values for some of the Parameters of a flow."""
    chooser = random.Random(seed)
    return {
        name: chooser.choice(values)
        for name, values in _VALUES.items()
        if f"    {name} = Parameter(" in source.replace("'", '"') and chooser.random() < 0.5
    }


class _Maker:
    """Writes one flow."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.serial = 0
        self.features = [name for name, share in FEATURES.items() if self.chance(share)]
        self.core = {
            kind: self.random.sample(names, self.random.randint(1, 2))
            for kind, names in _CORE.items()
        }
        self.parameters = [name for name in _PARAMETERS if self.chance(0.4)]
        self.members: list[_Member] = []
        self.steps: dict[str, str] = {}
        self.others = {"scratch", "callback", "maker", "buffer"}
        self.plant = self.planted() if self.chance(0.15) else ""

    # ------------------------------------------------------------------ choosing

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def fresh(self, word: str) -> str:
        self.serial += 1
        return f"{word}_{self.serial}"

    def weighted(self, choices: list[tuple[int, str]]) -> str:
        weights = [weight for weight, _ in choices]
        return self.random.choices([text for _, text in choices], weights)[0]

    def planted(self) -> str:
        known = [
            text
            for text in _PLANTS
            if all(feature in self.features for word, feature in _NEEDS.items() if word in text)
            and ("n" in self.parameters or "self.n =" not in text and '"n"' not in text)
        ]
        return str(self.pick(*known))

    # ------------------------------------------------------------------ the grammar

    def fill(self, template: str, context: _Context) -> str:
        """A template with its holes filled."""
        labelled: dict[str, str] = {}

        def hole(match: re.Match[str]) -> str:
            text = match.group()
            if ":" not in text:
                return self.filled(match["sort"], match["kind"], context)
            if text not in labelled:
                labelled[text] = self.filled(match["sort"], match["kind"], context)
            return labelled[text]

        lines = []
        for line in template.splitlines():
            indent = line[: len(line) - len(line.lstrip())]
            text = re.sub(r"<(?P<sort>[.?]?)(?P<kind>[a-z]+)(:\w)?>", hole, line.lstrip())
            lines.append(textwrap.indent(text, indent))
            if line.startswith("def "):  # what follows must not count on its parameter
                context = replace(context, depth=0)
        return "\n".join(lines)

    def filled(self, sort: str, kind: str, context: _Context) -> str:
        if sort == ".":
            return str(self.pick(*self.core[kind]))
        if sort == "?":
            return str(self.pick(*_DOUBTFUL[kind]))
        inner = replace(context, depth=context.depth - 1)
        special: dict[str, Callable[[], str]] = {
            "do": lambda: self.statement(inner),
            "call": lambda: self.call(inner),
            "few": lambda: str(self.random.randint(0, 4)),
            "v": lambda: self.fresh("v"),
        }
        return special[kind]() if kind in special else self.expression(kind, inner)

    def expression(self, kind: str, context: _Context) -> str:
        """A value of a kind."""
        known = [f"self.{name}" for name in self.core.get(kind, [])]
        known += [name for other, name in context.locals if other == kind]
        known += {"int": ["self.n"] * ("n" in self.parameters),
                  "str": ["self.mode"] * ("mode" in self.parameters),
                  "list": ["self.given"] * ("given" in self.parameters)}.get(kind, [])  # fmt: skip
        if known and self.chance(0.5):
            return str(self.pick(*known))
        if context.depth <= 0 or self.chance(0.3):
            return str(self.pick(*_LITERALS[kind]))
        calls = [member for member in context.calls if member.returns == kind]
        if calls and self.chance(0.3):
            return self.fill(self.pick(*calls).call, context)
        templates = list(_EXPRESSIONS[kind])
        for feature in context.features:
            templates += _FEATURE_EXPRESSIONS.get(feature, {}).get(kind, []) * 2
        return f"({self.fill(self.pick(*templates), context)})"

    def statement(self, context: _Context) -> str:
        """A statement, of one or more lines."""
        feature = self.pick("", *context.features)
        choices = _STATEMENTS.get(feature, _PLAIN)
        if feature == "stored" and "helpers" in context.features:
            choices = [*choices, (1, _STORED[0])]
        if context.depth <= 0:
            choices = [(n, text) for n, text in choices if "<do>" not in text] or _PLAIN[:5]
        return self.fill(self.weighted(choices), context)

    def statements(self, context: _Context, most: int = 3) -> list[str]:
        return [self.statement(context) for _ in range(self.random.randint(1, most))]

    def call(self, context: _Context) -> str:
        """A call of a helper."""
        if not context.calls:
            return self.fill("self.<.int> += <int>", context)
        return self.fill(self.pick(*context.calls).call, context)

    # ------------------------------------------------------------------ members

    def make_members(self) -> None:
        """Helpers, each of which may call those before it."""
        if "properties" in self.features:
            self.members += self.make_properties()
        if "helpers" in self.features:
            self.members += self.make_known()
            for _ in range(self.random.randint(2, 5)):
                self.members.append(self.make_helper())

    def context(self, **more: Any) -> _Context:
        # a helper that is looked up while it is written must be one of those before it
        features = tuple(name for name in self.features if name != "bases")
        return replace(_Context(features, (), tuple(self.members)), **more)

    def make_properties(self) -> list[_Member]:
        context = replace(self.context(), features=(), depth=1)
        size = f"@property\ndef size(self):\n    return {self.fill('<int>', context)}"
        effect = self.fill(self.pick("self.<.int> += 1", "pass"), context)
        many = self.fill("return len(self.<.list>)", context)
        level = f"@property\ndef level(self):\n    {effect}\n    {many}"
        owner = (
            "@property\ndef owner(self):\n    return getattr(self, '_owner', 'none')\n\n"
            "@owner.setter\ndef owner(self, value):\n    self._owner = value.title()\n"
            f"    {self.fill('self.<.int> += len(value)', context)}"
        )
        self.others.add("_owner")
        found = [_Member("size", size, "self.size", "int")]
        found.append(_Member("level", level, "self.level", "int"))
        return [*found, _Member("owner", owner, "self.owner", "str")]

    def make_known(self) -> list[_Member]:
        """The helpers that templates name."""
        context = replace(self.context(), depth=1, features=())
        found = []
        for name, (kind, call, text) in _KNOWN.items():
            rate = "cls._rate" if "constants" in self.features else "SCALE"
            filled = self.fill(text.replace("RATE", rate), context)
            parameters = filled.partition(f"{name}(")[2].partition(")")[0]
            found.append(_Member(name, filled, call, kind, parameters))
        return found

    def make_helper(self) -> _Member:
        """A helper of any kind."""
        name = self.fresh(self.pick("add", "grow", "update", "check", "fetch"))
        known, call = self.pick(
            ("", ""), (("int", "value"), "<int>"), (("str", "text"), "<str>"),
            (("list", "items"), "<list>"), (("int", "value"), "value=<few>"),
        )  # fmt: skip
        context = self.context(locals=(known,) if known else ())
        body = self.statements(context)
        returns = self.pick("", "int", "str", "list", "words", "dict")
        if returns:
            if self.chance(0.3):
                early = f"if {self.fill('<bool>', context)}:\n    return "
                body.insert(0, early + self.expression(returns, replace(context, depth=1)))
            body.append("return " + self.expression(returns, context))
        parameters = f"self, {known[1]}" if known else "self"
        text = f"def {name}({parameters}):\n" + textwrap.indent("\n".join(body), "    ")
        return _Member(name, text, f"self.{name}({call})", returns, parameters)

    # ------------------------------------------------------------------ the graph

    def flow(self) -> str:
        self.make_members()
        last = "start"
        for _ in range(self.random.randint(1, 2)):
            shape = self.pick(self.line, self.split, self.foreach, self.switch)
            after = self.fresh("step")
            shape(last, after, 2 if self.chance(0.3) else 1)
            last = after
        self.line(last, "end", 0)
        self.write("end", [])
        source = self.file()
        names = sorted(self.others | {name for names in _DOUBTFUL.values() for name in names})
        return ast.unparse(ast.parse(source.replace("EXCLUDED", repr(names)))) + "\n"

    def line(self, here: str, after: str, depth: int) -> None:
        self.write(here, [], f"self.{after}")

    def split(self, here: str, after: str, depth: int) -> None:
        arms = [self.fresh("arm") for _ in range(self.random.randint(2, 3))]
        join = self.fresh("join")
        self.write(here, [], ", ".join(f"self.{arm}" for arm in arms))
        lasts = [self.branch(arm, join, depth) for arm in arms]
        self.join(join, after, lasts)

    def branch(self, here: str, join: str, depth: int) -> str:
        """Steps up to a join; the name of the last."""
        if depth > 1 and self.chance(0.5):
            last = self.fresh("last")
            self.pick(self.line, self.split, self.foreach, self.switch)(here, last, depth - 1)
            here = last
        self.line(here, join, 0)
        return here

    def foreach(self, here: str, after: str, depth: int) -> None:
        first, join, items = self.fresh("each"), self.fresh("join"), self.fresh("items")
        self.others.add(items)
        context = self.context(depth=1)
        value = self.fill(
            self.pick("<list>[:2] + [1]", "<words>[:2] + ['age']", "[[1], [2, 3]]", "range(2)"),
            context,
        )
        head = [f"self.{items} = {value}"]
        if "constants" in self.features and self.chance(0.2):
            head, items = [], "COLUMNS"
        self.write(here, [], f'self.{first}, foreach="{items}"', head)
        self.join(join, after, [self.branch(first, join, depth)], foreach=True)

    def switch(self, here: str, after: str, depth: int) -> None:
        arms = [self.fresh("case") for _ in range(self.random.randint(2, 3))]
        kind = self.fresh("kind")
        self.others.add(kind)
        table = ", ".join(f"{number}: self.{arm}" for number, arm in enumerate(arms))
        value = self.fill("<int>", self.context(depth=1))
        head = [f"self.{kind} = {value} % {len(arms)}"]
        if "properties" in self.features and self.chance(0.2):
            head, kind = [], "choice"
            self.members.append(
                _Member(
                    "choice",
                    "@property\ndef choice(self):\n"
                    f"    return self.{self.core['int'][0]} % {len(arms)}",
                    "self.choice",
                )
            )
        self.write(here, [], f'{{{table}}}, condition="{kind}"', head)
        for arm in arms:
            self.branch(arm, after, depth)

    # ------------------------------------------------------------------ steps

    def write(
        self, name: str, head: list[str], transition: str = "", tail: list[str] | None = None
    ) -> None:
        """Put a step together."""
        argument = ", inputs" if head else ""
        body = [*head]
        if name == "start":
            body += self.beginning()
        plain = self.chance(0.35)
        context = replace(self.context(), features=()) if plain else self.context()
        body += self.statements(context)
        if "deleted" in self.features and name != "start" and not head and self.chance(0.2):
            body.append(self.fill(_FORGET, context))
        if self.plant and name != "start" and self.chance(0.4):
            body.append(self.fill(self.plant, replace(context, depth=1)))
            self.plant = ""
        body += tail or []
        if transition:
            body.append(f"self.next({transition})")
        text = textwrap.indent("\n".join(body), "    ")
        self.steps[name] = f"@step\ndef {name}(self{argument}):\n{text}"

    def beginning(self) -> list[str]:
        """What sets the core artifacts, in the first step."""
        lines = [
            f"self.{name} = {self.pick(*_LITERALS[kind])}"
            for kind, names in self.core.items()
            for name in names
        ]
        self.random.shuffle(lines)
        lines += ['self.origin = "file"', "self.base = (1, 2)"]
        if "helpers" in self.features and self.chance(0.3):
            text = "def prepare(self):\n" + textwrap.indent("\n".join(lines), "    ")
            self.members.append(_Member("prepare", text, "self.prepare()", "", "self"))
            return ["self.prepare()"]
        return lines

    def join(self, name: str, after: str, lasts: list[str], foreach: bool = False) -> None:
        """A join, which sets all core artifacts again."""
        lines = [
            f"self.{artifact} = {self.aggregate(kind, artifact, lasts, foreach)}"
            for kind, names in self.core.items()
            for artifact in names
        ]
        merge = self.pick(  # never in a helper: that is not translated
            'self.merge_artifacts(inputs, include=["origin", "base"])',
            "self.merge_artifacts(inputs, exclude=EXCLUDED)",
            f"self.origin, self.base = inputs.{lasts[0]}.origin, inputs.{lasts[-1]}.base",
        )
        if "helpers" in self.features and self.chance(0.3):
            helper = self.fresh("combine")
            text = f"def {helper}(self, inputs):\n" + textwrap.indent("\n".join(lines), "    ")
            self.members.append(_Member(helper, text, "self.count_all()", "", "self, inputs"))
            lines = [f"self.{helper}(inputs)"]
        self.write(name, [*lines, merge], f"self.{after}")

    def aggregate(self, kind: str, name: str, lasts: list[str], foreach: bool) -> str:
        """One value from those of the inputs."""
        each, one = f"i.{name}", f"inputs.{self.pick(*lasts)}.{name}"
        forms = {
            "int": [f"sum({each} for i in inputs)", f"max({each} for i in inputs)"],
            "str": [f'"".join(sorted({each} for i in inputs))[:20]'],
            "list": [f"sorted(v for i in inputs for v in {each})[:6]"],
            "words": [f"sorted(w for i in inputs for w in {each})[:6]"],
            "dict": [f"dict(sorted({one}.items()))"],
        }[kind]
        if foreach:
            forms.append(f"inputs[0].{name}")
        if kind == "int" and foreach and "dynamic" in self.features:
            forms.append('sum(getattr(i, "best", 1) for i in inputs)')
        return str(self.pick(one, *forms))

    # ------------------------------------------------------------------ classes

    def file(self) -> str:
        layers = self.layers()
        self.place_constants(layers)
        for member in self.members:
            self.place(member.text, layers, member)
        for text in self.steps.values():
            self.place(text, [layers[0], *(layer for layer in layers[1:] if self.chance(0.4))])
        names = {kind: found[0] for kind, found in self.core.items()}
        seen = [name for found in (*self.core.values(), *_DOUBTFUL.values()) for name in found]
        head = _HEAD.replace("SEEN", repr(tuple(seen)))
        for kind, name in names.items():
            head = head.replace(f"FIRST_{kind.upper()}", name)
        classes = "".join(layer.source() for layer in reversed(layers))
        return f'{head}{classes}if __name__ == "__main__":\n    RandomFlow()\n'

    def layers(self) -> list[_Layer]:
        """The classes of the file, in the order in which Python looks into them."""
        own, mixin = _Layer("RandomFlow", "FlowSpec"), _Layer("Mixin", "object")
        base, first = _Layer("Base", "FlowSpec"), _Layer("First", "FlowSpec")
        if "bases" not in self.features:
            return [own]
        found: list[_Layer] = self.pick(
            [replace(own, bases="Base"), base],
            [replace(own, bases="Mixin, FlowSpec"), mixin],
            [replace(own, bases="Mixin, Base"), mixin, base],
            [replace(own, bases="Base"), replace(base, bases="First"), first],
            [replace(own, bases="Base"), replace(base, bases="Mixin, First"), mixin, first],
        )
        return found

    def place_constants(self, layers: list[_Layer]) -> None:
        """Parameters and constants of the classes."""
        for name in self.parameters:
            self.pick(*layers).texts.append(f"{name} = {_PARAMETERS[name]}")
        if "constants" not in self.features:
            return
        where = self.random.randrange(len(layers))
        layers[where].texts.append(self.fill(_CONSTANTS, _Context()))
        for layer in layers[:where]:
            layer.texts += self.random.sample(_OVERRIDDEN, self.random.randint(0, 2))

    def place(self, text: str, layers: list[_Layer], member: _Member | None = None) -> None:
        """Put a member or step into one class, and helpers now and then into others."""
        where = self.random.randrange(len(layers))
        layers[where].texts.append(text)
        if member is None:
            return
        for layer in layers[:where]:
            if self.chance(0.4):
                layer.texts.append(self.override(member))

    def override(self, member: _Member) -> str:
        """The same helper in a derived class."""
        head, _, _ = member.text.partition("\n    ")
        head = head.split("\n\n")[0]
        names = [part.strip() for part in member.parameters.split(",")[:] if part.strip()]
        given = ", ".join(name for name in names if name not in ("self", "cls"))
        if head.startswith("@property") or head.startswith("@contextmanager"):
            return member.text
        if head.startswith("@staticmethod"):
            return f"{head}\n    return scale({given}, 3)"
        call = f"super().{member.name}({given})"
        if head.startswith("@classmethod"):
            return f"{head}\n    return {call} + 1"
        if member.name in ("each", "count_all", "shift"):
            return f"{head}\n    return {call}"
        before = self.fill(self.pick("self.<.int> += 1", "pass"), _Context())
        return f"{head}\n    found = {call}\n    {before}\n    return found"
