"""Names that programs which bring their own dispatcher import; squall spreads users itself."""


class UsersDispatcher:
    """What Environment(dispatcher_class=…) defaults to. Squall makes no instance of it."""
