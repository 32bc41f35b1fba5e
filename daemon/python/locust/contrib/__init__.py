"""Clients and helpers beyond the core: see the modules."""
