"""Small helpers: time spans, finding and loading locustfiles."""
