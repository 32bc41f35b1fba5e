"""FastHttpUser: here the same client as HttpUser's, with the defaults and the names of Locust's."""

import json
import logging
import re
import time
import traceback
from contextlib import contextmanager
from json.decoder import JSONDecodeError

import _squall

from .._client.response import BaseResponse, ClientPool, Streamed, split_credentials
from ..exception import StopTest
from ..user.users import User
from ..user.users import missing_host as _missing_host

_ABSOLUTE = re.compile("^https?://", re.IGNORECASE)
_TEXT_MAX = 200
_told = set()


class ConnectionError(Exception):  # noqa: A001  (its name in Locust)
    """What went wrong with a request to `url`."""

    def __init__(self, url, *args, **kwargs):
        super().__init__(url, *args)
        self.url = url
        self.__dict__.update(kwargs)
        self._named = kwargs

    def __repr__(self):
        own = [repr(arg) for arg in self.args]
        named = [f"{name}={value}" for name, value in self._named.items()]
        return f"{type(self).__name__}({', '.join(own + named)})"

    def __str__(self):
        named = ", ".join(f"{name}={value}" for name, value in self._named.items())
        return f"URL {self.url}: {named}" if named else f"URL {self.url}"


class RetriesExceeded(ConnectionError):
    """No reply in time."""


class LocustBadStatusCode(ConnectionError):
    """A status that is no success."""

    def __repr__(self):
        return f"LocustBadStatusCode(code={self.code})"


class HTTPParseError(Exception):
    """What has come is not HTTP, or not all of it."""


class HTTPConnectionClosed(HTTPParseError):
    """The server has closed the connection instead of answering."""


class FastResponse(BaseResponse):
    """What FastHttpSession's methods give."""

    js = None  # of rest(): the parsed body

    def raise_for_status(self):
        marked = self._manual_result
        if marked is True:
            return
        if marked is not None:
            raise marked
        if self.error is not None:
            raise self.error

    def iter_content(self, chunk_size=1024, decode_content=True):
        for chunk in super().iter_content(chunk_size):
            yield _decoded(chunk) if decode_content else chunk


def _decoded(chunk):
    try:
        return chunk.decode("utf-8")
    except UnicodeDecodeError:
        return chunk


class ResponseContextManager(FastResponse):
    """A response that can be used in a with-block, to say whether it is a success."""


class RestResponseContextManager(ResponseContextManager):
    """What rest() gives its block: `js` is the parsed body."""


class _StreamedResponse(Streamed, ResponseContextManager):
    def iter_content(self, chunk_size=1024, decode_content=True):
        for chunk in self._real.iter_content(chunk_size):
            yield _decoded(chunk) if decode_content else chunk


class FastHttpSession(_squall.Session):
    """The client of FastHttpUser.

    `url` may be a path, which is appended to `base_url`. `name` is what the statistics call the
    request; with `catch_response` a with-block may say whether it was a success.
    """

    _is_fast = True

    def __init__(
        self,
        base_url=None,
        request_event=None,
        user=None,
        insecure=True,
        client_pool=None,
        ssl_context_factory=None,
        headers=None,
        network_timeout=None,
        connection_timeout=None,
        max_redirects=None,
        max_retries=0,
        concurrency=10,
        proxy_host=None,
        proxy_port=None,
    ):
        super().__init__()
        self._set_fast(True)
        self._response_class = ResponseContextManager
        self.request_event = request_event
        if user is not None:
            self.user = user
        self.base_url, credentials = split_credentials(base_url)
        if credentials is not None:
            self.auth = credentials
        if insecure and ssl_context_factory is None:
            self.verify = False
        if headers:
            self.headers.update(headers)
        if network_timeout is not None:
            self._read_timeout = network_timeout
        if connection_timeout is not None:
            self._connect_timeout = connection_timeout
        if max_redirects is not None:
            self.max_redirects = max_redirects
        if proxy_host is not None:
            proxy = f"http://{proxy_host}:{proxy_port}"
            self.proxies = {"http": proxy, "https": proxy}
        _tell_without_effect(
            max_retries=max_retries != 0,
            concurrency=concurrency != 10,
            ssl_context_factory=ssl_context_factory is not None,
        )
        if client_pool is not None:
            from ..clients import _pools

            self._share_connections(_pools.setdefault(id(client_pool), (client_pool, self))[1])

    @property
    def cookies(self):
        return self._cookie_view

    cookiejar = cookies

    @property
    def client(self):
        """Of what Locust has here: `client.clientpool.close()`."""
        return ClientPool(clientpool=ClientPool(session=self), session=self)

    @property
    def auth_header(self):
        """The Authorization header of the credentials in the host."""
        return self._authorization

    def iter_lines(self, url, method="GET", **kwargs):
        """The lines of a reply, while they come in."""
        response = self.request(method, url, stream=True, **kwargs)
        response.raise_for_status()
        rest = ""
        for chunk in response.iter_content(1024):
            rest += chunk if isinstance(chunk, str) else chunk.decode("utf-8", "replace")
            *lines, rest = rest.split("\n")
            yield from lines
        if rest:
            yield rest

    def _build_url(self, path):
        return path if _ABSOLUTE.match(path) else f"{self.base_url or ''}{path}"

    @staticmethod
    def _make_streamed(response):
        response.__class__ = _StreamedResponse


def _tell_without_effect(**given):
    """Once for each in a process."""
    new = [name for name, is_given in given.items() if is_given and name not in _told]
    if new:
        _told.update(new)
        logging.getLogger("locust.clients").warning(
            "FastHttpUser: without effect here: %s. No failed request is repeated, a user may have "
            "any number of connections, and for TLS there are verify and cert", ", ".join(new),
        )


class FastHttpUser(User):
    """A user whose client costs little CPU time: as here HttpUser's does, too."""

    network_timeout = 60.0
    connection_timeout = 60.0
    max_redirects = 30
    max_retries = 0
    insecure = True
    default_headers = None
    concurrency = 10
    proxy_host = None
    proxy_port = None
    client_pool = None
    ssl_context_factory = None
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        if self.host is None:
            raise StopTest(_missing_host(self))
        if not _ABSOLUTE.match(self.host):
            raise StopTest(f"Invalid host ({self.host!r}): it must start with http:// or https://")
        self.client = FastHttpSession(
            base_url=self.host,
            request_event=self.environment.events.request,
            user=self,
            insecure=self.insecure,
            client_pool=self.client_pool,
            ssl_context_factory=self.ssl_context_factory,
            headers=self.default_headers,
            network_timeout=self.network_timeout,
            connection_timeout=self.connection_timeout,
            max_redirects=self.max_redirects,
            max_retries=self.max_retries,
            concurrency=self.concurrency,
            proxy_host=self.proxy_host,
            proxy_port=self.proxy_port,
        )

    @contextmanager
    def rest(self, method, url, headers=None, **kwargs):
        """A request whose reply must be JSON: `js` in the response of the with-block.

        Anything that is raised in the block makes the request a failure, and ends there.
        """
        headers = dict(headers or {})
        names = {name.lower() for name in headers}
        for name in ("Content-Type", "Accept"):
            if name.lower() not in names:
                headers[name] = "application/json"
        with self.client.request(
            method, url, catch_response=True, headers=headers, **kwargs
        ) as response:
            response.__class__ = RestResponseContextManager
            if response.content is None:
                response.failure(str(response.error))
            elif response.text:
                _parse(response)
            try:
                yield response
            except AssertionError as error:
                response.failure(_assertion_text(error, response))
            except Exception as error:
                response.failure(
                    f"{type(error).__name__}: {error} at {_places(error)}. "
                    f"Response was {_short(response)}"
                )

    @contextmanager
    def rest_(self, method, url, name=None, **kwargs):
        """rest, with the time as a parameter, which no cache can have an answer to."""
        separator = "&" if "?" in url else "?"
        stamped = f"{url}{separator}_={int(time.time() * 1000)}"
        name = name or f"{url}{separator}_=..."
        with self.rest(method, stamped, name=name, **kwargs) as response:
            yield response


def _parse(response):
    try:
        response.js = json.loads(response.text)
    except JSONDecodeError as error:
        response.failure(
            f"Could not parse response as JSON. {response.text[:250]}, "
            f"response code {response.status_code}, error {error}"
        )


def _short(response):
    return response.text[:_TEXT_MAX] if response.text else response.text


def _assertion_text(error, response):
    if not error.args:
        return "Assertion failed"
    text = str(error.args[0])
    return f"{text[:-1]}, response was {_short(response)}" if text.endswith(",") else text


def _places(error):
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is rest itself
    return ", ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)


__all__ = (
    "FastHttpSession",
    "FastHttpUser",
    "FastResponse",
    "HTTPConnectionClosed",
    "HTTPParseError",
    "LocustBadStatusCode",
    "ResponseContextManager",
    "RestResponseContextManager",
)
