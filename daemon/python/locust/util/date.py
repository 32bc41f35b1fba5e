"""Times as text."""

from datetime import datetime, timezone

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def _utc(unix_timestamp):
    return datetime.fromtimestamp(unix_timestamp, timezone.utc)


def format_utc_timestamp(unix_timestamp):
    """2026-11-25T12:00:00Z"""
    return _utc(unix_timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_safe_timestamp(unix_timestamp):
    """2026-11-25-12h00, for the names of files; local time."""
    return datetime.fromtimestamp(unix_timestamp).strftime("%Y-%m-%d-%Hh%M")


def format_duration(start_time, end_time):
    """1 hour, 2 minutes and 5 seconds"""
    left = max(0, round(end_time - start_time))
    parts = []
    for name, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    if not parts:
        return "0 seconds"
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
