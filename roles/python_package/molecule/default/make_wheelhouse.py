"""Make a wheelhouse of one small package without a network.

Usage: make_wheelhouse.py DIRECTORY VERSION RELEASE [tampered]
"""

import base64
import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

NAME = "lab-probe"
MODULE = "lab_probe"


def wheel(version: str) -> bytes:
    """Return a wheel whose console script prints `version`."""
    info = f"{MODULE}-{version}.dist-info"
    files = {
        f"{MODULE}.py": f"def main():\n    print({version!r})\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{NAME} = {MODULE}:main\n",
    }
    record = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record.append(f"{path},sha256={digest},{len(text.encode())}")
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2025, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def write(directory: Path, version: str, release: str, *, tampered: bool) -> None:
    """Write `lab-probe.tar.gz` and `lab-probe.release` into `directory`; tampered: with a wrong hash."""
    content = wheel(version)
    digest = hashlib.sha256(b"another wheel" if tampered else content).hexdigest()
    requirement = f"{NAME}=={version} --hash=sha256:{digest}\n"
    members = {f"{MODULE}-{version}-py3-none-any.whl": content, "requirements.txt": requirement.encode()}
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(directory / f"{NAME}.tar.gz", "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    (directory / f"{NAME}.release").write_text(f"{release}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], sys.argv[3], tampered=sys.argv[4:] == ["tampered"])
