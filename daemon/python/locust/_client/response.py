"""What responses of both clients have beside what is native."""

import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import _squall

from . import bodies, errors
from .cookies import CookieView
from .headers import CaseInsensitiveDict

_REDIRECTS = (301, 302, 303, 307, 308)
_LINK = re.compile(r"<([^>]*)>([^,]*(?:,(?!\s*<)[^,]*)*)")


class PreparedRequest:
    """What was sent, to look at."""

    def __init__(self, method, url, fields, body):
        self.method = method
        self.url = url
        self.headers = CaseInsensitiveDict(fields)
        self.body = body

    @property
    def path_url(self):
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def __repr__(self):
        return f"<PreparedRequest [{self.method}]>"


class BaseResponse(_squall.Response):
    """A response of requests' interface, and the protocol of with-blocks."""

    _real = None  # the response of requests, if that was used

    def __repr__(self):
        return f"<Response [{self.status_code}]>"

    def __iter__(self):
        return self.iter_content(128)

    @property
    def request(self):
        return PreparedRequest(*self._sent) if self._real is None else self._real.request

    @property
    def cookies(self):
        """Those that this response has set."""
        jar = _squall.Session()
        jar._keep_cookies(self)
        return CookieView(jar)

    @property
    def is_redirect(self):
        return "location" in (self.headers or ()) and self.status_code in _REDIRECTS

    @property
    def is_permanent_redirect(self):
        return "location" in (self.headers or ()) and self.status_code in (301, 308)

    @property
    def next(self):
        return None if self._real is None else self._real.next

    @property
    def raw(self):
        return None if self._real is None else self._real.raw

    @property
    def apparent_encoding(self):
        return bodies.guess_encoding(self.content or b"")

    @property
    def links(self):
        """The Link header, by rel or URL."""
        found = {}
        for url, rest in _LINK.findall((self.headers or {}).get("link", "")):
            link = {"url": url}
            for part in rest.split(";"):
                key, equals, value = part.partition("=")
                if equals:
                    link[key.strip(" '\"")] = value.strip(" '\",")
            found[link.get("rel") or url] = link
        return found

    def iter_content(self, chunk_size=1, decode_unicode=False):
        content = self.content or b""
        step = chunk_size or len(content) or 1
        for at in range(0, len(content), step):
            chunk = content[at : at + step]
            decode = decode_unicode and self.encoding
            yield chunk.decode(self.encoding, "replace") if decode else chunk

    def iter_lines(self, chunk_size=512, decode_unicode=False, delimiter=None):
        pending = None
        for chunk in self.iter_content(chunk_size, decode_unicode):
            chunk = chunk if pending is None else pending + chunk
            lines = chunk.split(delimiter) if delimiter else chunk.splitlines()
            whole = not lines or not lines[-1] or chunk[-1:] != lines[-1][-1:]
            pending = None if whole else lines.pop()
            yield from lines
        if pending is not None:
            yield pending

    def close(self):
        if self._real is not None:
            self._real.close()

    def raise_for_status(self):
        """For what the user has marked it as; if he has not, for its status."""
        marked = self._manual_result
        if marked is True:
            return
        if marked is not None:
            raise marked
        if self.error is not None:
            raise self.error
        if 400 <= self.status_code < 600:
            raise errors.http_error(self, self.url)


class Streamed:
    """Mixed into a response whose body is read by and by, from requests."""

    @property
    def content(self):
        return self._real.content

    @property
    def text(self):
        return self._real.text

    def json(self, **kwargs):
        return self._real.json(**kwargs)

    def iter_content(self, chunk_size=1, decode_unicode=False):
        return self._real.iter_content(chunk_size, decode_unicode)

    def iter_lines(self, *args, **kwargs):
        return self._real.iter_lines(*args, **kwargs)


def default_name(request):
    """How statistics call a request without a name: path and query."""
    return PreparedRequest(request.method, request.url, {}, None).path_url


def split_credentials(url):
    """(url without user and password, (user, password) or None)."""
    parts = urlsplit(url or "")
    if not (parts.username and parts.password):
        return url, None
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc).geturl(), (parts.username, parts.password)


class ClientPool(SimpleNamespace):
    """What locustfiles touch of a pool of connections."""

    def close(self):
        self.session.close()
