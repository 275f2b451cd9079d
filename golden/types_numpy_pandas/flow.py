import numpy as np
import pandas as pd
from metaflow import FlowSpec, step


class TypesNumpyPandasFlow(FlowSpec):
    """Arrays, scalars and frames as artifacts."""

    @step
    def start(self):
        self.matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
        self.mask = np.array([True, False, True])
        self.zero_dim = np.array(5)
        self.single = np.float32(0.1)
        self.count = np.int64(7)
        self.flag = np.bool_(True)
        self.days = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")
        self.words = np.array(["a", "bb"], dtype=object)
        self.next(self.frame)

    @step
    def frame(self):
        self.sales = pd.DataFrame(
            {"day": pd.to_datetime(["2024-01-01", "2024-01-02", None]), "shop": ["a", "b", "a"], "sum": [1.5, np.nan, 4.0]},
            index=[10, 20, 30],
        )
        self.sales["shop"] = self.sales["shop"].astype("category")
        self.totals = self.sales.groupby("shop", observed=True)["sum"].sum()
        self.first_day = self.sales["day"].iloc[0]
        self.row = self.sales.loc[30].to_dict()
        self.next(self.end)

    @step
    def end(self):
        self.weights = self.matrix.T @ np.array([1.0, 2.0])
        self.kept = int(self.mask.sum() + self.count)
        self.dtypes = [str(a.dtype) for a in (self.matrix, self.zero_dim, self.single, self.days, self.words)]
        self.columns = {name: str(kind) for name, kind in self.sales.dtypes.items()}
        print(self.weights, self.totals.to_dict(), self.first_day, self.dtypes, self.columns, bool(self.flag))


if __name__ == "__main__":
    TypesNumpyPandasFlow()
