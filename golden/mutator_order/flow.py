import os

from metaflow import FlowSpec, StepMutator, environment, step


class one(StepMutator):
    def mutate(self, mutable_step):
        mutable_step.add_decorator(environment, deco_kwargs={"vars": {"WHO": "one"}})


class two(StepMutator):
    def mutate(self, mutable_step):
        mutable_step.add_decorator('environment:vars={"WHO": "two"}')


class last(StepMutator):
    def mutate(self, mutable_step):
        mutable_step.add_decorator(
            environment, deco_kwargs={"vars": {"WHO": "last"}}, duplicates=mutable_step.OVERRIDE
        )


class OrderFlow(FlowSpec):
    @one
    @two
    @step
    def start(self):
        self.a = os.environ["WHO"]
        self.next(self.b)

    @two
    @one
    @step
    def b(self):
        self.b_ = os.environ["WHO"]
        self.next(self.c)

    @one
    @last
    @environment(vars={"WHO": "static"})
    @step
    def c(self):
        self.c_ = os.environ["WHO"]
        self.next(self.d)

    @environment(vars={"WHO": "static"})
    @two
    @step
    def d(self):
        self.d_ = os.environ["WHO"]
        self.next(self.e)

    @last
    @one
    @step
    def e(self):
        self.e_ = os.environ["WHO"]
        self.next(self.end)

    @step
    def end(self):
        print(self.a, self.b_, self.c_, self.d_, self.e_)


if __name__ == "__main__":
    OrderFlow()
