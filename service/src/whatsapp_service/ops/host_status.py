"""Memory and processes of this host, from ``/proc``."""

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in KiB; `available` is what can be used without swapping."""

    total_kib: int
    available_kib: int

    @property
    def used_percent(self) -> float:
        """Share that is not available, 0 to 100."""
        return 100.0 * (self.total_kib - self.available_kib) / self.total_kib if self.total_kib else 0.0


@dataclass(frozen=True, slots=True)
class Process:
    """A running process; only its name is told, for arguments may hold secrets."""

    pid: int
    name: str
    resident_kib: int


def read_memory(proc: Path = PROC) -> Memory:
    """Memory of the host.

    Raises:
        OSError, ValueError, KeyError: ``/proc/meminfo`` is not there or not as Linux writes it.
    """
    fields = {}
    for line in (proc / "meminfo").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        fields[name] = rest.split()[0] if rest.split() else "0"
    return Memory(int(fields["MemTotal"]), int(fields["MemAvailable"]))


def find_processes(word: str, proc: Path = PROC, *, besides: int) -> list[Process]:
    """Processes whose program or script has `word` in its name, without the process `besides`."""
    found = []
    for directory in proc.iterdir():
        if not directory.name.isdigit() or int(directory.name) == besides:
            continue
        try:
            arguments = (directory / "cmdline").read_bytes().split(b"\0")
            resident = _resident_kib(directory)
        except (OSError, ValueError):
            continue  # it ended meanwhile, or belongs to somebody else
        names = [Path(argument.decode(errors="replace")).name for argument in arguments[:2]]
        name = next((name for name in names if word in name), None)
        if name is not None:
            found.append(Process(int(directory.name), name, resident))
    return sorted(found, key=lambda process: process.pid)


def _resident_kib(directory: Path) -> int:
    for line in (directory / "status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
