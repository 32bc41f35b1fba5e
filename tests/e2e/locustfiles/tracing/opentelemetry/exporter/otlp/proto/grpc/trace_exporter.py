"""Prints what it would send; the response time is told by its type, as it is never the same."""


class OTLPSpanExporter:
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def export(self, spans):
        for span in spans:
            took = span.attributes.pop("http.response_time_ms")
            print(self.endpoint, span.name, sorted(span.attributes.items()), type(took).__name__)
