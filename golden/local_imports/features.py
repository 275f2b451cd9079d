"""Features of a house."""

from statistics import median

AREA_UNIT = "m2"
calls = []


def per_room(area, rooms):
    calls.append("per_room")
    return round(area / rooms, 1)


def middle(values):
    return median(values)
