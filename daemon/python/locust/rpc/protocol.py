"""A message between the runners of one test."""


class Message:
    """What a listener gets: type, data, and node_id, the sender."""

    __slots__ = ("type", "data", "node_id")

    def __init__(self, message_type, data, node_id):
        self.type = message_type
        self.data = data
        self.node_id = node_id

    def __repr__(self):
        return f"<Message {self.type}:{self.node_id}>"
