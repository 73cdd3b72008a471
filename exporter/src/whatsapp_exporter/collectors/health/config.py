"""The section `health`."""

from whatsapp_exporter.section import CollectorConfig, HttpUrl


class HealthConfig(CollectorConfig):
    """`url`: the API's health document, `https://` or `http://` (plain HTTP is meant for loopback)."""

    url: HttpUrl
