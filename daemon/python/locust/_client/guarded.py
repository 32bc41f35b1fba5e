"""requests' Session, kept to the targets that the agent allows (--allow-target)."""

import socket

import _squall
from requests import Session, exceptions, utils
from urllib3.util import parse_url

_PORTS = {"http": 80, "https": 443}


class GuardedSession(Session):
    """A Session that looks at the target of every request, those of redirects included."""

    def send(self, request, **kwargs):
        kwargs.setdefault(
            "proxies", utils.resolve_proxies(request, self.proxies, self.trust_env)
        )
        proxy = utils.select_proxy(request.url, kwargs["proxies"])
        if proxy:
            # The proxy resolves the target's name, elsewhere: here only the name can be judged.
            _check("target", request.url, by_name_only=True)
            _check("proxy", utils.prepend_scheme_if_needed(proxy, "http"))
        else:
            _check("target", request.url)
        return super().send(request, **kwargs)


def _check(what, url, by_name_only=False):
    parts = parse_url(url)
    host = (parts.host or "").strip("[]")
    port = parts.port or _PORTS.get(parts.scheme, 0)
    if _squall.may_reach(host, port) or not by_name_only and _resolves_well(host, port):
        return
    raise exceptions.ConnectionError(f"{what} not allowed by the agent")


def _resolves_well(host, port):
    """Whether all addresses of a name are allowed: which of them urllib3 takes is not known."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise exceptions.ConnectionError(str(error))  # noqa: B904  (its context is what is shown)
    return all(_squall.may_reach(address[0], port) for *_, address in found)
