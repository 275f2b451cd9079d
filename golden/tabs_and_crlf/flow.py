"""Tabs to indent, CRLF to end a line."""
from metaflow import FlowSpec, Parameter, step


def double(values):
	return [
		value * 2
		for value in values
	]


class TabsAndCrlfFlow(FlowSpec):
	"""A flow that came from another editor.

	Its lines end in CRLF.
	"""

	size = Parameter("size", help="How many values", default=3)

	@step
	def start(self):
		self.values = list(range(self.size))
		# a string over several lines: Python reads its line ends as \n
		self.text = """first
	second
third"""
		self.next(self.work)

	@step
	def work(self):
		if self.values:
			for value in double(self.values):
				if value > 2:
					self.found = value
		self.doubled = double(
			self.values
		)
		self.next(self.end)

	@step
	def end(self):
		self.line_count = len(self.text.split("\n"))
		self.has_cr = "\r" in self.text
		print(self.doubled, self.line_count, self.has_cr)


if __name__ == "__main__":
	TabsAndCrlfFlow()
