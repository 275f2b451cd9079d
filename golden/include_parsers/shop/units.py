"""Units of measure."""


def parse(text: str) -> list[str]:
    """One unit on each line."""
    return text.split()
