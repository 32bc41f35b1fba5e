"""Why there is no good reply, as the exceptions that Locust's clients would have raised.

The native side counts failures by the text that `repr` gives of them, without making any; here they
are made for those who look. requests' own classes are used where requests is installed.
"""

import ast
import functools
import http.client
import logging
import socket
import ssl

from ..event import error_text  # noqa: F401  (part of this module's interface)
from ..exception import CatchResponseError, LocustError, ResponseError

_hinted = False


def requests_class(name, fallback):
    """requests.exceptions.<name>, or a plain one."""
    try:
        from requests import exceptions
    except ImportError:
        return fallback
    return getattr(exceptions, name, fallback)


def make_error(response, key):
    """The exception whose text the failure is counted by."""
    name, _, rest = key.partition("(")
    text = rest[:-1]
    if name in _FAST:
        return _fast_error(response, name, text)
    if name in _OF_REQUESTS:
        kind = requests_class(_OF_REQUESTS[name], OSError)
        return _attached(kind(_innermost(text)), response, key)
    kind = _PLAIN.get(name, OSError)
    if not _is_fast(response):
        kind = _also_of_requests(kind)
    return kind(*ast.literal_eval(f"({text},)"))


# What the text names -> the class of requests that a HttpUser's code would catch.
_OF_REQUESTS = {
    "ChunkedEncodingError": "ChunkedEncodingError",
    "ConnectTimeoutError": "ConnectTimeout",
    "ProtocolError": "ConnectionError",
    "ReadTimeout": "ReadTimeout",
    "SSLError": "SSLError",
    "TooManyRedirects": "TooManyRedirects",
}
_FAST = ("HTTPConnectionClosed", "HTTPParseError", "RetriesExceeded")
_PLAIN = {
    "ConnectionRefusedError": ConnectionRefusedError,
    "ConnectionResetError": ConnectionResetError,
    "PermissionError": PermissionError,
    "RemoteDisconnected": http.client.RemoteDisconnected,
    "SSLCertVerificationError": ssl.SSLCertVerificationError,
    "gaierror": socket.gaierror,
}


def _is_fast(response):
    session = response._session
    return session is not None and session._is_fast


@functools.cache
def _also_of_requests(kind):
    """A kind that is also what requests wraps it in: listeners of Locust are given the one, and
    raise_for_status() raises the other."""
    wrapper = requests_class("ConnectionError", OSError)
    if issubclass(kind, wrapper):
        return kind
    return type(kind.__name__, (wrapper, kind), {"__module__": kind.__module__})


def _fast_error(response, name, text):
    from ..contrib import fasthttp

    if name != "RetriesExceeded":
        return getattr(fasthttp, name)(_literal(text))
    url, _, rest = text.partition(", ")
    if rest == "0, original=timed out":
        return fasthttp.RetriesExceeded(_literal(url), 0, original="timed out")
    return fasthttp.RetriesExceeded(_literal(url), _literal(rest))


def _literal(text):
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _innermost(text):
    """The message in 'message', Inner('message') or Inner(…, 'message')."""
    quotes = [at for at in (text.find("'"), text.find('"')) if at >= 0]
    return _literal(text[min(quotes) :].rstrip(")")) if quotes else text


def _attached(error, response, key):
    """`error`, with the text it is counted by, and what requests gives its exceptions."""
    kind = type(error)
    members = {"__repr__": lambda self: key, "__module__": kind.__module__}
    error.__class__ = type(kind.__name__, (kind,), members)
    error.request = None if response.status_code == 0 else response.request
    error.response = None
    return error


def make_status_error(response, name):
    """For a status that is a failure; `name` stands for the URL, so that failures group."""
    if _is_fast(response):
        from ..contrib.fasthttp import LocustBadStatusCode

        error = LocustBadStatusCode(response.url, code=response.status_code)
        error.response = response
        return error
    return http_error(response, response.url if name is None else name)


def http_error(response, url):
    status = response.status_code
    side = "Client" if status < 500 else "Server"
    text = f"{status} {side} Error: {response.reason} for url: {url}"
    error = requests_class("HTTPError", OSError)(text)
    error.response = response
    error.request = response.request
    return error


def catch_error(value):
    return CatchResponseError(value)


def is_response_error(error):
    return isinstance(error, ResponseError)


def raise_outside(_response):
    raise LocustError(
        "success() and failure() only have an effect inside of the with-block of the request: "
        'with self.client.get("/", catch_response=True) as response: …'
    )


def hint_with_block():
    """Once in a process: Locust would have refused."""
    global _hinted
    if not _hinted:
        _hinted = True
        logging.getLogger("locust.clients").warning(
            "A request is used in a with-block without catch_response=True. It is taken as if that "
            "had been given; Locust itself raises LocustError there."
        )


def raise_bad_content(response):
    kind = requests_class("ContentDecodingError", ValueError)
    raise kind(f"{response.url}: the body could not be decompressed")


def raise_bad_header(value):
    kind = requests_class("InvalidHeader", ValueError)
    if isinstance(value, (str, bytes)):
        raise kind(f"Header must not contain line breaks: {value!r}")
    raise kind(f"Header value must be str or bytes, got {value!r} of type {type(value)}")
