"""Time spans as they are written on command lines."""

import re

_SPAN = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s?)?")


def parse_timespan(time_str):
    """Gives the seconds that `20`, `20s`, `3m`, `1h20m` and so on mean; else ValueError."""
    if not time_str:
        raise ValueError("Invalid time span format")
    match = _SPAN.fullmatch(time_str)
    if match is None:
        raise ValueError(
            "Invalid time span format. Valid formats: 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc."
        )
    return (
        3600 * int(match["h"] or 0) + 60 * int(match["m"] or 0) + int(match["s"] or 0)
    )
