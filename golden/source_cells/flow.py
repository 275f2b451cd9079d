#!/usr/bin/env python3
# ---
# jupyter: a notebook as a script
# ---

# %%
import math  # type: ignore[import-untyped]
from metaflow import FlowSpec, step  # isort: skip

# %% [markdown]
# ## Constants

# %%
# fmt: off
MATRIX = [1, 0,
          0, 1]
# fmt: on
# pylint: disable=missing-function-docstring


# %% The flow
class CellsFlow(FlowSpec):
	"""A flow between the markers of cells, with tabs that end where Python lets them."""

	@step  # noqa: D102
	def start(self):
	    # one tab and four blanks
	    self.trace = sum(MATRIX[::3])  # type: ignore
	    if self.trace:
	    	self.root = math.sqrt(self.trace)  # pylint: disable=attribute-defined-outside-init
	    self.next(self.end)

	@step
	def end(self):
		# %% not a cell: this comment stands in a step
		self.rounded = round(self.root, 3)


# %%
if __name__ == "__main__":
	CellsFlow()