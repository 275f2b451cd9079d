import re


def tidy(text):
    return re.sub(r"\s+", " ", text).strip().lower()


class Address:
    def __init__(self, text):
        street, _, self.city = tidy(text).partition(", ")
        self.street = street

    def __eq__(self, other):
        return vars(self) == vars(other)
