"""What the native client does not do, real requests does: counted the same, and said in the log."""

import logging
import time

_told = set()


def fall_back(session, arguments, reason):
    """Makes the request of these arguments with requests; gives a response like any other."""
    _tell(reason)
    name = arguments.pop("name", None) or session.request_name
    catching = arguments.pop("catch_response", False)
    context = arguments.pop("context", None)
    method = arguments.pop("method")
    url = session._build_url(arguments.pop("url"))
    real = requests_session(session)
    streaming = bool(arguments.get("stream", real.stream))
    begin = time.perf_counter()
    reply, error = _send(real, method, url, arguments)
    content = b"" if reply is None or streaming else reply.content
    seconds = time.perf_counter() - begin
    session.cookies.update(list(real.cookies))
    length = len(content)
    if streaming and reply is not None:
        length = int(reply.headers.get("content-length") or 0)
    if reply is not None:
        first = (reply.history or [reply])[0].request
        url = first.url
        name = name or (session._default_name(first) if not session._is_fast else None)
    response = session._adopt(
        method,
        reply.url if reply is not None else url,
        name,
        context,
        catching,
        seconds,
        reply.status_code if reply is not None else 0,
        _head(reply),
        content,
        length,
    )
    if error is not None:
        response.error = error
    if reply is not None:
        response._real = reply
        if streaming:
            session._make_streamed(response)
    if not catching:
        response._report()
    return response


def _tell(reason):
    if reason not in _told:
        _told.add(reason)
        logging.getLogger("locust.clients").info(
            "requests is used for requests with %s, which costs much more CPU time", reason
        )


def requests_session(session):
    """The session's own requests.Session, brought up to date."""
    import requests

    real = session.__dict__.get("_real_session")
    if real is None:
        from .guarded import GuardedSession

        real = session.__dict__["_real_session"] = GuardedSession()
    real.headers = requests.structures.CaseInsensitiveDict(session.headers)
    real.cookies.clear()
    for cookie in session.cookies:
        real.cookies.set_cookie(cookie)
    real.trust_env = bool(session.trust_env)
    for attribute in ("auth", "params", "cert", "proxies", "hooks"):
        value = getattr(session, attribute)
        if value is not None:
            setattr(real, attribute, value)
    real.verify = True if session.verify is None else session.verify
    real.stream = bool(session.stream)
    real.max_redirects = session.max_redirects
    for prefix, adapter in (session._adapters or {}).items():
        real.mount(prefix, adapter)
    return real


def _send(real, method, url, arguments):
    """(response, None), or (None, exception) when there is none."""
    from requests import exceptions

    if method.upper() == "HEAD":
        arguments.setdefault("allow_redirects", False)
    try:
        return real.request(method, url, **arguments), None
    except (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL):
        raise
    except exceptions.RequestException as error:
        return None, _root(error)


def _root(error):
    """The innermost reason of a connection's failure, as Locust reports it."""
    from requests import exceptions
    from urllib3 import exceptions as inner

    wrappers = (
        exceptions.ConnectionError,
        inner.ProtocolError,
        inner.MaxRetryError,
        inner.NewConnectionError,
    )
    while isinstance(error, wrappers) and error.__context__ is not None:
        error = error.__context__
    return error


def _head(reply):
    if reply is None:
        return b""
    lines = [f"HTTP/1.1 {reply.status_code} {reply.reason or ''}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
