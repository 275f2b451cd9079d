import functools

from metaflow import FlowSpec, Parameter, retry, step


def logged(function):
    """Keeps the names of the steps that were run."""

    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        self.log = [*getattr(self, "log", []), f"before {function.__name__}"]
        result = function(self, *args, **kwargs)
        self.log.append(f"after {function.__name__}")
        return result

    return wrapper


def scaled(factor, name="values"):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(self):
            setattr(self, name, [value * factor for value in getattr(self, name)])
            function(self)

        return wrapper

    return decorate


def skips_errors(function):
    @functools.wraps(function)
    def wrapper(self):
        try:
            function(self)
        except ValueError as error:
            self.problem = str(error)

    return wrapper


class DecoratedFlow(FlowSpec):
    """Steps with ordinary decorators around them."""

    limit = Parameter("limit", default=100)

    @logged
    @step
    def start(self):
        self.values = [1, 2]
        self.next(self.grow)

    @retry(times=1, minutes_between_retries=0)
    @step
    @logged
    @scaled(10)
    def grow(self):
        self.grown = sum(self.values)
        self.next(self.check)

    @skips_errors
    @logged
    @step
    @scaled(2, name="values")
    def check(self):
        if max(self.values) > self.limit:
            raise ValueError(f"{max(self.values)} is too much")
        self.checked = True
        self.next(self.end)

    @step
    def end(self):
        self.summary = [self.grown, hasattr(self, "checked"), getattr(self, "problem", None)]
        print(self.log, self.summary)


if __name__ == "__main__":
    DecoratedFlow()
