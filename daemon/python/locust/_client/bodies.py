"""URLs, forms and JSON, written as requests writes them."""

import json
import re
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

from . import errors

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_PATH_SAFE = "!$%&'()*+,/:;=@~"
_QUERY_SAFE = _PATH_SAFE + "?"

encode_fast_json = json.JSONEncoder().encode
_encode = json.JSONEncoder(allow_nan=False).encode
scan_json = json.JSONDecoder().scan_once


def encode_json(value):
    try:
        return _encode(value)
    except ValueError as error:
        raise errors.requests_class("InvalidJSONError", ValueError)(error) from None


def encode_form(data):
    """application/x-www-form-urlencoded of a dict or of pairs; a list is several fields."""
    pairs = data.items() if hasattr(data, "items") else data
    fields = []
    for name, values in pairs:
        if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
            values = [values]
        fields += [(name, value) for value in values if value is not None]
    return urlencode(fields)


def prepare_url(url, params, fast):
    """`url` with `params`, as ASCII and percent-encoded. Raises requests' exceptions."""
    url = url.lstrip()
    parts = _split(url)
    host = parts.netloc
    if not host.isascii():
        userinfo, at, name = host.rpartition("@")
        try:
            host = userinfo + at + name.encode("idna").decode("ascii")
        except UnicodeError:
            raise _invalid("InvalidURL", "URL has an invalid label.") from None
    query = parts.query
    if params:
        text = params if isinstance(params, str) else _query_of(params)
        query = f"{query}&{text}" if query else text
    return urlunsplit(
        (
            parts.scheme.lower(),
            host,
            _without_dots(_quoted(parts.path or "/", _PATH_SAFE)),
            _quoted(query, _QUERY_SAFE),
            "",
        )
    )


def _split(url):
    try:
        parts = urlsplit(url)
        no_host = not parts.hostname
        parts.port  # noqa: B018  (raises for what is no port)
    except ValueError as error:
        raise _invalid("InvalidURL", f"Failed to parse: {url} ({error})") from None
    if not parts.scheme or "://" not in url:
        raise _invalid(
            "MissingSchema",
            f"Invalid URL {url!r}: No scheme supplied. Perhaps you meant https://{url}?",
        )
    if parts.scheme.lower() not in ("http", "https"):
        raise _invalid("InvalidSchema", f"No connection adapters were found for {url!r}")
    if no_host:
        raise _invalid("InvalidURL", f"Invalid URL {url!r}: No host supplied")
    return parts


def _invalid(name, text):
    return errors.requests_class(name, ValueError)(text)


def _query_of(params):
    return params.decode("utf-8") if isinstance(params, bytes) else encode_form(params)


def _quoted(text, safe):
    """Escapes what must be, and takes escapes from what need not be."""

    def plain(match):
        byte = unquote_to_bytes(match.group())
        return byte.decode("ascii") if byte[0] in _UNRESERVED else match.group().upper()

    text = _ESCAPE.sub(plain, text)
    if re.search("%(?![0-9A-F]{2})", text):
        safe = safe.replace("%", "")  # it was not meant as an escape
    return quote(text, safe=safe)


def _without_dots(path):
    """RFC 3986, 5.2.4."""
    if "/." not in path:
        return path
    kept = []
    for segment in path.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/".join(kept)


def load_json(response, kwargs):
    """What the quick way could not read."""
    content = response.content
    try:
        if not response.encoding and content is not None:
            try:
                return json.loads(content, **kwargs)
            except UnicodeDecodeError:
                pass
        return json.loads(response.text, **kwargs)
    except json.JSONDecodeError as error:
        if response._session is not None and response._session._is_fast:
            raise
        kind = errors.requests_class("JSONDecodeError", json.JSONDecodeError)
        raise kind(error.msg, error.doc, error.pos) from None


def guess_encoding(content):
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    for name in ("charset_normalizer", "chardet"):
        try:
            return __import__(name).detect(content)["encoding"] or "utf-8"
        except ImportError:
            continue
    return "latin-1"
