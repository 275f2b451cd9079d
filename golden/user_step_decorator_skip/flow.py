from metaflow import USER_SKIP_STEP, FlowSpec, Parameter, step, user_step_decorator


@user_step_decorator
def cached(step_name, flow, inputs, attributes):
    """Does not run a step whose result is known already."""
    field = attributes["field"]
    if flow.use_cache and field in flow.cache:
        setattr(flow, field, flow.cache[field])
        flow.hits = [*getattr(flow, "hits", []), step_name]
        yield USER_SKIP_STEP
    else:
        yield
        flow.cache = {**flow.cache, field: getattr(flow, field)}


@user_step_decorator
def replaced(step_name, flow, inputs):
    """Runs something else instead of the step."""

    def cheap(self):
        self.model = "cheap"
        return True

    yield cheap if flow.use_cache else None


class CachedFlow(FlowSpec):
    """Steps that are skipped if there is nothing to do."""

    use_cache = Parameter("use_cache", default=True)

    @step
    def start(self):
        self.cache = {"features": [1, 2, 3]}
        self.next(self.featurise)

    @cached(field="features")
    @step
    def featurise(self):
        self.features = [n * 10 for n in range(3)]
        self.slow = True
        self.next(self.train)

    @replaced
    @step
    def train(self):
        self.model = "expensive"
        self.next(self.score)

    @cached(field="score_")
    @step
    def score(self):
        self.score_ = sum(self.features)
        self.next(self.end)

    @step
    def end(self):
        self.was_slow = hasattr(self, "slow")
        print(self.features, self.model, self.score_, self.cache, getattr(self, "hits", []))


if __name__ == "__main__":
    CachedFlow()
