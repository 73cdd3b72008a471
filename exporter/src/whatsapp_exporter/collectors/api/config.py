"""The section `api`."""

from pathlib import Path

from whatsapp_exporter.section import CollectorConfig, HttpUrl


class ApiConfig(CollectorConfig):
    """`url`: the API's address without a path. `api_key_file`: the file with a key of the scope `monitor`."""

    url: HttpUrl
    api_key_file: Path
