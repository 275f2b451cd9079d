from metaflow import FlowSpec, Parameter, parallel_imap_unordered, parallel_map, step
from metaflow.multicore_utils import MulticoreException


def squares(numbers, most):
    return parallel_map(lambda number: number * number, numbers, max_parallel=most)


class ParallelMapFlow(FlowSpec):
    """Uses the cores of one machine."""

    most = Parameter("most", default=2)

    @step
    def start(self):
        offset = 100
        self.squares = squares(range(7), self.most)
        self.shifted = parallel_map(lambda number: number + offset, iter([3, 1, 2]))
        self.any_order = sorted(parallel_imap_unordered(str, range(5), max_parallel=3))
        self.large = [len(text) for text in parallel_map(lambda n: "x" * n, [10**6, 0, 3 * 10**6])]
        self.none = parallel_map(str, [])
        self.tuples = parallel_map(lambda pair: (pair, None), [(1, "a"), (2, "b")])
        self.next(self.end)

    @step
    def end(self):
        def fragile(number):
            return 1 / number

        try:
            parallel_map(fragile, [2, 1, 0])
        except MulticoreException as error:
            self.error = str(error)
        print(self.squares, self.error)


if __name__ == "__main__":
    ParallelMapFlow()
