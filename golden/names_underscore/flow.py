from metaflow import FlowSpec, step


class _Vault:
    def __init__(self, flow):
        flow._opened = True
        flow.__by = "vault"


class TokenVaultFlow(FlowSpec):
    """Private names: one underscore, two (which Python renames), and around a name."""

    def _load(self):
        self._raw = [3, 1, 2]
        self.__count = len(self._raw)

    def __sorted(self, reverse=False):
        self.__order = "down" if reverse else "up"
        return sorted(self._raw, reverse=reverse)

    def _both(self):
        return f"{self.__order}{self.__count}"

    @step
    def start(self):
        self._load()
        self.__key = "k1"
        self.trailing_ = 1
        self.next(self.use)

    @step
    def use(self):
        self._sorted = self.__sorted()
        self.__key += "-used"
        _Vault(self)
        self.next(self.end)

    @step
    def end(self):
        self.first = self.__sorted(reverse=True)[0]
        self.known = [
            hasattr(self, name) for name in ("__key", "_TokenVaultFlow__key", "_Vault__by", "_raw")
        ]
        self.key = self._TokenVaultFlow__key
        self.values = [self._sorted, self._opened, self.trailing_, self._both()]
        self._raw.append(self.__count)
        print(self.first, self.known, self.key, self.values)


if __name__ == "__main__":
    TokenVaultFlow()
