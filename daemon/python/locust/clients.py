"""The client of HttpUser: a session as requests has it, native where requests is slow."""

import re
from collections import OrderedDict
from contextlib import contextmanager

import _squall

from ._client.fallback import requests_session
from ._client.response import BaseResponse, Streamed, default_name, split_credentials

_ABSOLUTE = re.compile("^https?://", re.IGNORECASE)
# What the methods take by position, beside the URL.
_POSITIONAL = {
    "get": (),
    "options": (),
    "head": (),
    "post": ("data", "json"),
    "put": ("data",),
    "patch": ("data",),
    "delete": (),
}
_pools = {}  # pool managers of user classes, each with a session whose connections are shared


class ResponseContextManager(BaseResponse):
    """A response that can be used in a with-block, to say whether it is a success."""


class _StreamedResponse(Streamed, ResponseContextManager):
    pass


class HttpSession(_squall.Session):
    """A requests.Session whose requests are counted.

    `url` may be a path, which is appended to `base_url`. `name` is what the statistics call the
    request; with `catch_response` a with-block may say whether it was a success.
    """

    _is_fast = False

    def __init__(self, base_url=None, request_event=None, user=None, *, pool_manager=None):
        super().__init__()
        self._response_class = ResponseContextManager
        self.request_event = request_event
        if user is not None:
            self.user = user
        self.base_url, credentials = split_credentials(base_url)
        if credentials is not None:
            self.auth = credentials
        if pool_manager is not None:
            donor = _pools.setdefault(id(pool_manager), (pool_manager, self))[1]
            self._share_connections(donor)

    def __init_subclass__(cls, **kwargs):
        """A class that has its own `request` gets it called by get, post and the others."""
        super().__init_subclass__(**kwargs)
        if "request" in cls.__dict__:
            for method, names in _POSITIONAL.items():
                if method not in cls.__dict__:
                    setattr(cls, method, _verb(method, names))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    @property
    def cookies(self):
        return self._cookie_view

    @cookies.setter
    def cookies(self, cookies):
        view = self._cookie_view
        if cookies is not view:
            view.clear()
            view.update(cookies or {})

    @property
    def adapters(self):
        return self._adapters or OrderedDict()

    def mount(self, prefix, adapter):
        """From now on real requests sends what this session sends."""
        if self._adapters is None:
            self._adapters = OrderedDict()
        self._adapters[prefix] = adapter

    def get_adapter(self, url):
        return requests_session(self).get_adapter(url)

    def prepare_request(self, request):
        return requests_session(self).prepare_request(request)

    def send(self, request, **kwargs):
        """Sends what requests has prepared. Not counted, as in Locust."""
        return requests_session(self).send(request, **kwargs)

    @contextmanager
    def rename_request(self, name):
        """All requests in the block are counted under this name."""
        before = self.request_name
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = before

    def _build_url(self, path):
        return path if _ABSOLUTE.match(path) else f"{self.base_url or ''}{path}"

    @staticmethod
    def _default_name(request):
        return default_name(request)

    @staticmethod
    def _make_streamed(response):
        response.__class__ = _StreamedResponse


def _verb(method, names):
    def call(self, url, *args, **kwargs):
        kwargs.update(zip(names, args))
        if method == "head":
            kwargs.setdefault("allow_redirects", False)
        return self.request(method.upper(), url, **kwargs)

    call.__name__ = method
    return call
