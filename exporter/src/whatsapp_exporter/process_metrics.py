"""What the operating system tells of the exporter's process."""

from prometheus_client import ProcessCollector

from whatsapp_exporter.family import Family, single
from whatsapp_exporter.metrics.own import PROCESS_METRICS

_process = ProcessCollector(registry=None)


def process_families() -> list[Family]:
    """Return memory, processor time, start and file descriptors, as far as the system tells them."""
    found = []
    for metric in _process.collect():
        for sample in metric.samples:
            definition = PROCESS_METRICS.get(sample.name)
            if definition is not None:
                found.append(single(definition, sample.value))
    return found
