"""The functions that the native Session and Response call for what is rare."""

from .bodies import (  # noqa: F401
    encode_fast_json,
    encode_form,
    encode_json,
    guess_encoding,
    load_json,
    prepare_url,
    scan_json,
)
from .cookies import CookieView as cookie_view  # noqa: F401
from .cookies import cookie_text  # noqa: F401
from .errors import (  # noqa: F401
    catch_error,
    error_text,
    hint_with_block,
    is_response_error,
    make_error,
    make_status_error,
    raise_bad_content,
    raise_bad_header,
    raise_outside,
)
from .fallback import fall_back  # noqa: F401
from .headers import header_items, response_headers, session_headers  # noqa: F401


def merge_context(user, context):
    """What events.request gets as its context: the user's, and on top of it the call's."""
    own = user.context() if user is not None and hasattr(user, "context") else {}
    return {**own, **(context or {})}
