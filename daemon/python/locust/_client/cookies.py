"""The cookies of a session, as requests shows them. They live in the native session."""

import time
from collections.abc import MutableMapping
from http.cookiejar import Cookie


class CookieView(MutableMapping):
    """`session.cookies`: a dict of names and values, and a jar of Cookie objects to iterate over.

    Keeps no cookie itself: what a server sets is seen here, and the other way round.
    """

    def __init__(self, session):
        self._session = session

    def __iter__(self):
        now = time.time()
        for name, value, domain, path, secure, seconds in self._session._list_cookies():
            expires = None if seconds < 0 else int(now + seconds)
            yield make_cookie(name, value, domain, path, secure, expires)

    def __len__(self):
        return len(self._session._list_cookies())

    def __contains__(self, name):
        return any(cookie.name == name for cookie in self)

    def __getitem__(self, name):
        found = self._find(name, None, None)
        if found is None:
            raise KeyError(name)
        return found.value

    def __setitem__(self, name, value):
        self.set(name, value)

    def __delitem__(self, name):
        found = [cookie for cookie in self if cookie.name == name]
        for cookie in found:
            self._erase(cookie)
        if not found:
            raise KeyError(name)

    def __repr__(self):
        return f"<CookieView {self.get_dict()}>"

    def get(self, name, default=None, domain=None, path=None):
        found = self._find(name, domain, path)
        return default if found is None else found.value

    def set(self, name, value, domain="", path="/", secure=False, expires=None, **_unused):
        """None as the value takes it out."""
        if value is None:
            for cookie in list(self):
                if cookie.name == name and domain in ("", cookie.domain):
                    self._erase(cookie)
            return None
        seconds = -1.0 if expires is None else max(0.0, expires - time.time())
        self._session._put_cookie(name, str(value), domain or "", path or "/", secure, seconds)
        return make_cookie(name, str(value), domain, path, secure, expires)

    def set_cookie(self, cookie):
        self.set(
            cookie.name,
            cookie.value,
            domain=cookie.domain,
            path=cookie.path,
            secure=cookie.secure,
            expires=cookie.expires,
        )

    def update(self, other=(), **kwargs):
        for name, value in _pairs(other):
            if isinstance(value, Cookie):
                self.set_cookie(value)
            else:
                self.set(name, value)
        for name, value in kwargs.items():
            self.set(name, value)

    def keys(self):
        return [cookie.name for cookie in self]

    def values(self):
        return [cookie.value for cookie in self]

    def items(self):
        return [(cookie.name, cookie.value) for cookie in self]

    iterkeys = keys
    itervalues = values
    iteritems = items

    def get_dict(self, domain=None, path=None):
        return {
            cookie.name: cookie.value
            for cookie in self
            if domain in (None, cookie.domain) and path in (None, cookie.path)
        }

    def list_domains(self):
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self):
        return list(dict.fromkeys(cookie.path for cookie in self))

    def clear(self, domain=None, path=None, name=None):
        for cookie in list(self):
            if (
                domain in (None, cookie.domain)
                and path in (None, cookie.path)
                and name in (None, cookie.name)
            ):
                self._erase(cookie)

    def clear_session_cookies(self):
        for cookie in list(self):
            if cookie.expires is None:
                self._erase(cookie)

    def copy(self):
        return dict(self.items())

    def _find(self, name, domain, path):
        for cookie in self:
            if (
                cookie.name == name
                and domain in (None, cookie.domain)
                and path in (None, cookie.path)
            ):
                return cookie
        return None

    def _erase(self, cookie):
        self._session._erase_cookie(cookie.name, cookie.domain, cookie.path)


def make_cookie(name, value, domain="", path="/", secure=False, expires=None):
    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=bool(domain),
        domain_initial_dot=domain.startswith("."),
        path=path,
        path_specified=bool(path),
        secure=secure,
        expires=expires,
        discard=expires is None,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": None},
        rfc2109=False,
    )


def _pairs(cookies):
    """(name, value or Cookie) of a dict, a jar, or pairs."""
    if isinstance(cookies, dict):
        return cookies.items()
    return [(c.name, c) if isinstance(c, Cookie) else tuple(c) for c in cookies or ()]


def cookie_text(cookies):
    """The value of a Cookie header for the `cookies` argument of one call."""
    texts = []
    for name, value in _pairs(cookies):
        texts.append(f"{name}={value.value if isinstance(value, Cookie) else value}")
    return "; ".join(texts)
