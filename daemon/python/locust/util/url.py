"""URLs."""

from urllib.parse import urlparse


def is_url(url):
    """Whether it is an address of the web, and not a path."""
    try:
        parts = urlparse(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
