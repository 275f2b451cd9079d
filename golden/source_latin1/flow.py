#!/usr/bin/env python
# -*- coding: latin-1 -*-
# Grüße an alle, die noch Windows 95 haben.
"""Greets in German; the file has grown old in several editors."""

import sys  # noqa: F401

from metaflow import FlowSpec, Parameter, step

GREETING = "Schöne Grüße"


class GrussFlow(FlowSpec):
    """Grüße aus Köln."""

    wer = Parameter("wer", help="Wer gegrüßt wird", default="Jürgen")

    @step
    def start(self):
        """Fängt an."""
        self.gruß = f"{GREETING}, {self.who()}!"
        self.lines = """eins
zwei
"""
        self.next(self.end)

    def who(self):
        return f"{self.wer} und {self.auch}"

    auch = "Käthe"

    @step
    def end(self):
        print(self.gruß, len(self.lines))


if __name__ == "__main__":
    GrussFlow()
