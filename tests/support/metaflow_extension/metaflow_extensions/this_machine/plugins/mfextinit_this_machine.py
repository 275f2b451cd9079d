"""Tells Metaflow of the environment."""

ENVIRONMENTS_DESC = [("fast-bakery", ".environment.ThisMachine")]
