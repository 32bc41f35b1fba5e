"""Spans, handed to the processors when they end."""
import contextlib


class Span:
    def __init__(self, name):
        self.name = name
        self.attributes = {}

    def set_attribute(self, key, value):
        self.attributes[key] = value


class Tracer:
    def __init__(self, provider):
        self.provider = provider

    @contextlib.contextmanager
    def start_as_current_span(self, name):
        span = Span(name)
        yield span
        for processor in self.provider.processors:
            processor.on_end(span)


class TracerProvider:
    def __init__(self, resource):
        self.resource = resource
        self.processors = []

    def add_span_processor(self, processor):
        self.processors.append(processor)

    def get_tracer(self, _name):
        return Tracer(self)
