from metaflow import FlowSpec, step


class CallbackFlow(FlowSpec):
    """Training with callbacks that write artifacts from inside functions."""

    @step
    def start(self):
        self.losses = [0.9, 0.4, 0.6, 0.2]

        def watch(loss):
            nonlocal best
            if loss < best:
                best = loss
                self.improved = getattr(self, "improved", 0) + 1
            self.last_loss = loss

        best = 1.0
        for loss in self.losses:
            watch(loss)
        self.best = best
        self.next(self.callbacks)

    @step
    def callbacks(self):
        callbacks = {
            "stop": lambda epoch: setattr(self, "stopped_at", epoch),
            "log": lambda epoch: self.logged.append(epoch),
        }
        self.logged = []
        for epoch, loss in enumerate(self.losses):
            callbacks["log"](epoch)
            if loss == self.best:
                callbacks["stop"](epoch)
        self.large = [half for loss in self.losses if (half := loss / 2) > 0.15]
        self.last_half = half
        [setattr(self, f"loss_{n}", loss) for n, loss in enumerate(self.losses[:2])]
        self.next(self.schedule)

    @step
    def schedule(self):
        class Schedule:
            rate = self.losses[0]
            self.decided = rate > 0.5

            def __init__(inner, steps):
                inner.steps = steps
                self.schedule_steps = steps

            def rates(inner):
                return [inner.rate / (n + 1) for n in range(inner.steps)]

        def outer():
            def inner():
                self.depth = 2
                return self.depth + self.improved

            return inner()

        self.rates = Schedule(3).rates()
        self.sum = outer()
        self.next(self.end)

    @step
    def end(self):
        losses = self.losses
        for self.position, self.final in enumerate(losses):
            if self.final == self.last_loss:
                break
        self.seen = [self.loss_0, self.loss_1, self.stopped_at, self.schedule_steps, self.depth]
        print(self.seen, self.large, self.last_half, self.decided, self.position, self.rates)


if __name__ == "__main__":
    CallbackFlow()
