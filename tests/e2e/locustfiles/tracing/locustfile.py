"""A span for each request, with OpenTelemetry (a stand-in for it is beside this file)."""
import os

from locust import HttpUser, constant, events, task
from locust.exception import StopUser
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if "OTEL_ENDPOINT" in os.environ:
    provider = TracerProvider(resource=Resource(attributes={SERVICE_NAME: "shop-load"}))
    trace.set_tracer_provider(provider)
    provider.add_span_processor(BatchSpanProcessor(
        OTLPSpanExporter(endpoint=os.environ["OTEL_ENDPOINT"])))
    tracer = trace.get_tracer(__name__)

    @events.request.add_listener
    def make_span(request_type, name, response_time, response_length, exception, **kwargs):
        with tracer.start_as_current_span(f"{request_type} {name}") as span:
            span.set_attribute("http.method", request_type)
            span.set_attribute("http.url", name)
            span.set_attribute("http.response_time_ms", response_time)
            if exception:
                span.set_attribute("error", True)
                span.set_attribute("error.message", str(exception))
            elif kwargs.get("response"):
                span.set_attribute("http.status_code", kwargs["response"].status_code)


class TracedUser(HttpUser):
    wait_time = constant(0)

    @task
    def trace_three(self):
        self.client.get("/products/1")
        self.client.post("/echo", data=b"12345")
        self.client.get("/status/500")
        raise StopUser()
