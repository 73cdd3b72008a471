"""Shared fixtures: the project's own catalogue, and a running Alertmanager with the outside world."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.compilation import Sources, compiled_files, read_installation
from whatsapp_alerting.loading import load_catalog
from whatsapp_alerting.resolution import Installation

# pytest's importlib mode does not put this directory on the path, and the tests share the world beside them.
sys.path.insert(0, str(Path(__file__).parent))

from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from delivery import fast_installation
from small_project import Project

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def sources() -> Sources:
    return Sources.in_repository()


@pytest.fixture(scope="session")
def catalog(sources: Sources) -> Catalog:
    """The project's own catalogue. Like what is made of it below, it is read once and never changed."""
    return load_catalog(sources.catalog)


@pytest.fixture(scope="session")
def installation(sources: Sources) -> Installation:
    return read_installation(sources)


@pytest.fixture(scope="session")
def compiled(installation: Installation) -> Mapping[str, str]:
    return MappingProxyType(compiled_files(installation))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def http_sink() -> Iterator[HttpSink]:
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[AlertmanagerProcess]:
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        pytest.fail("Alertmanager is not installed (Debian: prometheus-alertmanager)")
    with AlertmanagerProcess(binary, tmp_path) as process:
        yield process


@pytest.fixture
def fast(catalog: Catalog, tmp_path: Path, http_sink: HttpSink, mail_sink: MailSink) -> Installation:
    """The catalogue with cooldowns that a test can wait for, and receivers in this process."""
    return fast_installation(catalog, tmp_path, http_sink, mail_sink)
