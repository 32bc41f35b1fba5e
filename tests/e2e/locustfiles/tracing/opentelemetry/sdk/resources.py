"""What a service is called."""
SERVICE_NAME = "service.name"


class Resource:
    def __init__(self, attributes):
        self.attributes = attributes
