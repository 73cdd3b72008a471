"""The configuration file: what is accepted, what is refused and how that is told."""

from pathlib import Path

import pytest
from whatsapp_exporter.config import ConfigError, load_config
from whatsapp_exporter.section import SecretFileError, parse_duration, read_secret


def written(tmp_path: Path, text: str) -> Path:
    """A file with this text."""
    path = tmp_path / "file.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "collectors: {database: {url: 'file:/var/lib/x/n.db'}}"))
    assert config.collectors.health is None
    assert config.collectors.database is not None
    assert config.collectors.database.timeout == 5
    assert config.collectors.database.min_interval == 0
    assert config.collectors.database.auth_token_file is None
    assert (config.scrape_timeout, config.log_level) == (30, "INFO")


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5), ("1.5s", 1.5), ("2m", 120), ("1h", 3600), (7, 7)]
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "collectors: Field required"),
        ("collectors: {}", "at least one collector"),
        ("collectors: {redis: {}}", "collectors.redis: unknown key"),
        ("collectors: {health: {url: 'ftp://x/'}}", "must be an http:// or https:// address"),
        ("collectors: {health: {url: 'http://x:99999/'}}", "Port out of range"),
        ("collectors: {health: {url: 'http://x:0/'}}", "must not have the port 0"),
        ("collectors: {health: {url: 'http://u:s3cret@x/'}}", "must not hold a user or a password"),
        ("collectors: {health: {url: 'http://x/', timeout: 0s}}", "collectors.health.timeout"),
        ("collectors: {health: {url: 'http://x/', timeout: soon}}", "a duration is"),
        ("collectors: {health: {url: 'http://x/', retries: 3}}", "collectors.health.retries: unknown key"),
        ("collectors: {database: {url: 'https://u:s3cret@x'}}", "holds no user, password"),
        ("collectors: {database: {url: '/var/lib/x.db'}}", "must begin with"),
        ("collectors: [", "not valid YAML at line 1"),
        ("- 1", "valid dictionary"),
        (
            "collectors:\n  health:\n    url: http://x/\n    timeout: 5s\n    url: http://s3cret/\n",
            "the key url is there twice at line 5",
        ),
        (
            "collectors: {health: {url: http://x/}}\n'collectors': {}",
            "the key collectors is there twice at line 2",
        ),
        ("{user:s3cret, user:s3cret}", "a key is there twice at line 1"),
    ],
)
def test_wrong_configuration_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_merged_mappings_may_be_changed(tmp_path: Path) -> None:
    text = """
        collectors: {health: &base {url: 'http://a/', timeout: 1s}}
        targets:
          x: {health: &second {<<: *base, url: 'http://b/'}}
          y: {health: {<<: *second, timeout: 2s}}
        """
    targets = load_config(written(tmp_path, text)).targets
    read = {name: target.health for name, target in targets.items()}
    assert {name: (health.url, health.timeout) for name, health in read.items() if health is not None} == {
        "x": ("http://b/", 1.0),
        "y": ("http://b/", 2.0),
    }


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yml")


def test_huge_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="larger than"):
        load_config(written(tmp_path, "#" * 1_000_001))


def test_secret_is_read_without_the_line_end(tmp_path: Path) -> None:
    assert read_secret(written(tmp_path, "abc\n")) == "abc"


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "ñ", "x" * 10_001])
def test_secret_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretFileError) as caught:
        read_secret(written(tmp_path, text))
    assert "file.yml" in str(caught.value)
    assert "lines" not in str(caught.value)
