from metaflow import FlowSpec, step


class SignupFlow(FlowSpec):
    """Check the addresses of people who signed up."""

    _SEPARATOR = "@"
    _BLOCKED = ("spam.example", "junk.example")

    @staticmethod
    def normalised(address, *, lower=True):
        text = address.strip()
        return text.lower() if lower else text

    @staticmethod
    def is_short(text, limit=8):
        return len(text) <= limit

    @classmethod
    def domain(cls, address):
        return cls.normalised(address).partition(cls._SEPARATOR)[2]

    @classmethod
    def blocked(cls, address):
        return cls.domain(address) in cls._BLOCKED

    @classmethod
    def owner(cls):
        return cls.__name__

    @step
    def start(self):
        self.raw = [" Ann@Example.org", "bob@SPAM.example ", "cleo@x.de"]
        self.addresses = [self.normalised(address) for address in self.raw]
        self.next(self.check)

    @step
    def check(self):
        self.domains = [self.domain(address) for address in self.raw]
        self.allowed = [a for a in self.addresses if not self.blocked(a)]
        self.short = list(filter(self.is_short, self.domains))
        self.next(self.end)

    @step
    def end(self):
        self.shouted = [self.normalised(a.upper(), lower=False) for a in self.allowed]
        self.tiny = SignupFlow.is_short("a@b", limit=3)
        self.by = self.owner()
        print(self.allowed, self.short, self.shouted, self.tiny, self.by)


if __name__ == "__main__":
    SignupFlow()
