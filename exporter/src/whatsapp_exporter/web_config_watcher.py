"""The web configuration that is in force: the file is read again whenever it changed."""

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from whatsapp_exporter.file_watch import FileWatch
from whatsapp_exporter.tls import RenewingTls, TlsFileError
from whatsapp_exporter.tls_config import TlsServerConfig
from whatsapp_exporter.web_config import WebConfig, read_web_config
from whatsapp_exporter.world_readable import WorldReadableWarning
from whatsapp_exporter.yaml_file import ConfigError

logger = logging.getLogger(__name__)


class WebConfigWatcher:
    """Gives the web configuration and the TLS context of now; may be asked by any thread.

    A file that cannot be used is logged once, and what was in force stays. When only the certificates are at
    fault, users, headers and limit take effect nevertheless. Whether TLS is spoken at all is settled at the
    start. `monotonic` gives seconds. Raises ConfigError when there is nothing good to begin with.
    """

    def __init__(self, path: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._watch = FileWatch(monotonic)
        self._warning = WorldReadableWarning()
        self._watch.begin([path])
        self._config = read_web_config(path)
        self._warn()
        self._tls: RenewingTls | None = None
        if self._config.tls_server_config is not None:
            try:
                self._tls = RenewingTls(self._config.tls_server_config, monotonic)
            except TlsFileError as error:
                raise self._unusable(error) from error

    @property
    def speaks_tls(self) -> bool:
        """Whether connections are TLS."""
        return self._tls is not None

    def current(self) -> WebConfig:
        """Return the configuration for a request that begins now."""
        with self._lock:
            if self._watch.changed():
                try:
                    self._read()
                except ConfigError as error:
                    logger.warning(
                        "the web configuration cannot be read again, the last one stays: %s", error
                    )
                else:
                    logger.info("the web configuration was read again")
            return self._config

    def tls_context(self) -> ssl.SSLContext:
        """Return the context for a connection that begins now. Only where TLS is spoken."""
        with self._lock:
            renewing, settings = self._tls_in_force(self.current())
            return renewing.newest(settings)

    def reload(self) -> None:
        """Read the file and those that it names now, changed or not.

        Raises ConfigError naming the file and the key; then what could not be read stays as it was.
        """
        with self._lock:
            self._read()
            if self._tls is None:
                return
            renewing, settings = self._tls_in_force(self._config)
            try:
                renewing.renew(settings)
            except TlsFileError as error:
                raise self._unusable(error) from error

    def _tls_in_force(self, config: WebConfig) -> tuple[RenewingTls, TlsServerConfig]:
        if self._tls is None or config.tls_server_config is None:
            raise RuntimeError("TLS is not spoken")
        return self._tls, config.tls_server_config

    def _read(self) -> None:
        self._watch.begin([self._path])
        config = read_web_config(self._path)
        if (config.tls_server_config is None) != (self._tls is None):
            raise ConfigError(f"{self._path}: tls_server_config: to begin or end with TLS needs a restart")
        self._config = config
        self._warn()

    def _warn(self) -> None:
        if self._config.holds_secrets:
            self._warning.look_at(self._path)

    def _unusable(self, error: TlsFileError) -> ConfigError:
        return ConfigError(f"{self._path}: tls_server_config.{error}")
