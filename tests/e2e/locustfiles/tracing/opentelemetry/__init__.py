"""A stand-in for OpenTelemetry: as much as the locustfile beside it uses."""
