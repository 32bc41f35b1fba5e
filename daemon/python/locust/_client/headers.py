"""Header names in any case."""

from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from importlib import metadata

ACCEPTED_CODINGS = "gzip, deflate"


class CaseInsensitiveDict(MutableMapping):
    """A dict whose keys are header names; it keeps the case in which each was set last."""

    __slots__ = ("_store", "version")

    def __init__(self, data=None, **kwargs):
        self._store = {}
        self.version = 0  # by which the native session sees that something has changed
        self.update(data or {}, **kwargs)

    def __getitem__(self, key):
        return self._store[_folded(key)][1]

    def __setitem__(self, key, value):
        self.version += 1
        self._store[_folded(key)] = (key, value)

    def __delitem__(self, key):
        self.version += 1
        del self._store[_folded(key)]

    def __iter__(self):
        return (name for name, _ in self._store.values())

    def __len__(self):
        return len(self._store)

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    def __repr__(self):
        return str(dict(self.items()))

    def lower_items(self):
        return ((key, value) for key, (_, value) in self._store.items())

    def copy(self):
        return type(self)(dict(self.items()))


def _folded(key):
    return key.decode("latin-1").lower() if isinstance(key, bytes) else key.lower()


def session_headers(fast):
    """The headers that a new session sends with every request."""
    if fast:
        return CaseInsensitiveDict(
            {"User-Agent": "python/gevent-http-client", "Accept-Encoding": ACCEPTED_CODINGS}
        )
    return CaseInsensitiveDict(
        {
            "User-Agent": f"python-requests/{_requests_version()}",
            "Accept-Encoding": ACCEPTED_CODINGS,
            "Accept": "*/*",
            "Connection": "keep-alive",
        }
    )


@lru_cache(maxsize=1)
def _requests_version():
    try:
        return metadata.version("requests")
    except metadata.PackageNotFoundError:
        return "2.28.1"


def header_items(headers):
    return list(headers.items()) if hasattr(headers, "items") else [tuple(p) for p in headers]


def response_headers(pairs):
    """Of [(name, value), …]; a repeated name has its values with commas between them."""
    headers = CaseInsensitiveDict()
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
