"""What runners say to each other; see register_message() and send_message() of a runner."""

from .protocol import Message

__all__ = ["Message"]
