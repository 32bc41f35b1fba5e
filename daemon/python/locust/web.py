"""The web page is squall's own; there is no Flask application to extend."""

# Set by some locustfiles; the page asks for a host when one is needed.
HOST_IS_REQUIRED = False

_MESSAGE = (
    "squall has no Flask web UI that a locustfile could extend; see docs/locust-compatibility.md"
)


class WebUI:
    """Stands for Locust's class of this name, so that it can be imported."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError(_MESSAGE)
