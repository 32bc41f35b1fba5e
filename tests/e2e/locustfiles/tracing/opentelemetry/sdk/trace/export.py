"""Processors of spans."""


class BatchSpanProcessor:
    def __init__(self, exporter):
        self.exporter = exporter

    def on_end(self, span):
        self.exporter.export([span])
