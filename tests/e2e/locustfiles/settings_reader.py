"""Reads settings: defaults, then the YAML file, then PRODUCT_SERVICE_URL over both."""
import logging
import os

import yaml


def merge(base, over):
    for key, value in over.items():
        if isinstance(base.get(key), dict) and isinstance(value, dict):
            merge(base[key], value)
        else:
            base[key] = value


def read_settings(path):
    service_url = os.environ.get("PRODUCT_SERVICE_URL", "http://localhost:8082")
    settings = {"service": {"base_url": service_url, "request_timeout_seconds": 10},
                "weights": {"list_products": 1, "look_around": 0}}
    try:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                merge(settings, yaml.safe_load(file) or {})
        if "PRODUCT_SERVICE_URL" in os.environ:
            settings["service"]["base_url"] = os.environ["PRODUCT_SERVICE_URL"]
    except Exception as error:
        logging.error("settings: %s", error)
        raise
    return settings
