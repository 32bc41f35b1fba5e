"""Rounding as people expect it."""

import math


def proper_round(val, digits=0):
    """Halves go up: 2.5 becomes 3, where round() gives 2."""
    scale = 10**digits
    return math.floor(val * scale + 0.5) / scale
