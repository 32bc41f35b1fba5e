"""What modules of Locust's contrib say that are not here."""


def refuse(module, user_class, library):
    """Raises the ImportError for one of them."""
    raise ImportError(
        f"{module} is not part of Squall: write a User of your own that calls {library} and tells "
        f"self.environment.events.request.fire(...) of each call, in place of {user_class} "
        "(docs/locust-compatibility.md)",
        name=module,
    )
