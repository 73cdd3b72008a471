"""The file that keeps counters: whole or not there, of one exporter, of bounded size."""

import json
import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whatsapp_exporter.collectors.database.counter_file import (
    CounterFile,
    CounterFileError,
    decode,
    encode,
)
from whatsapp_exporter.collectors.database.monotonic import MAX_SERIES, Entries, Entry

ENTRIES: Entries = {"whatsapp_x_total": {("7",): Entry(990_000, 10_000), (): Entry(0, 0)}}
NUMBERS = st.integers(0, 2**62)
PARTS = st.lists(st.text(), max_size=3).map(tuple)
KEPT = st.dictionaries(st.text(), st.dictionaries(PARTS, st.builds(Entry, NUMBERS, NUMBERS)), max_size=4)


def sealed(body: bytes) -> bytes:
    """A file's content with the right checksum."""
    return f"whatsapp-exporter-counters 1 {sha256(body).hexdigest()}\n".encode() + body


def test_gives_back_what_was_written(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "norte.example")
    file.write(ENTRIES, 1)
    assert CounterFile(tmp_path, "norte.example").read() == ENTRIES
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "database-counters.norte.example.lock",
        "database-counters.norte.example.state",
    ]


@given(KEPT)
def test_gives_back_anything(entries: Entries) -> None:
    assert decode(encode(entries)) == entries


@pytest.mark.parametrize("target", ["../../etc/passwd", "a/b", "..", "\0", "x" * 63, "ñ"])
def test_no_name_leads_out_of_the_directory(tmp_path: Path, target: str) -> None:
    file = CounterFile(tmp_path, target)
    file.write(ENTRIES, 1)
    assert file.path.parent == tmp_path
    assert file.path.resolve().parent == tmp_path.resolve()
    assert file.read() == ENTRIES


def test_targets_have_files_of_their_own(tmp_path: Path) -> None:
    files = [CounterFile(tmp_path, target) for target in ("", "a", "a.b", "state", "lock", "new")]
    assert len({file.path for file in files}) == len(files)
    for number, file in enumerate(files):
        file.write({"whatsapp_x_total": {("1",): Entry(number, 0)}}, 1)
    assert [file.read()["whatsapp_x_total"]["1",].raw for file in files] == list(range(len(files)))


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(CounterFileError, match="there is none yet"):
        CounterFile(tmp_path, "").read()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4096,
        b"whatsapp-exporter-counters 1 \n{}",
        sealed(b""),
        sealed(b"[]"),
        sealed(b'{"x": 1}'),
        sealed(b'{"x": [["7", 1, 0]]}'),
        sealed(b'{"x": [[["7"], 1]]}'),
        sealed(b'{"x": [[[7], 1, 0]]}'),
        sealed(b'{"x": [[["7"], -1, 0]]}'),
        sealed(b'{"x": [[["7"], 1.5, 0]]}'),
        sealed(b'{"x": [[["7"], true, 0]]}'),
        sealed(b'{"x": [[["7"], 1, 9223372036854775808]]}'),
        sealed(b"[" * 100_000),
        sealed(json.dumps({"x": [[[str(i)], 1, 0] for i in range(MAX_SERIES + 1)]}).encode()),
    ],
    ids=range(15),
)
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    file = CounterFile(tmp_path, "")
    file.path.write_bytes(content)
    with pytest.raises(CounterFileError, match="it is damaged"):
        file.read()
    file.write(ENTRIES, 1)
    assert file.read() == ENTRIES


@given(st.data())
def test_any_damage_is_noticed(data: st.DataObject) -> None:
    whole = encode(ENTRIES)
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    damaged = data.draw(st.sampled_from([whole[:at], whole[:at] + bytes([byte]) + whole[at + 1 :]]))
    with pytest.raises(CounterFileError):
        decode(damaged)


def test_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "")
    file.write(ENTRIES, 1)
    file.path.with_suffix(".new").write_bytes(b"half")
    assert file.read() == ENTRIES
    file.write({}, 2)
    assert file.read() == {}


def test_an_earlier_write_does_not_replace_a_later_one(tmp_path: Path) -> None:
    file = CounterFile(tmp_path, "")
    file.write(ENTRIES, 2)
    file.write({}, 1)
    assert file.read() == ENTRIES


def test_two_exporters_do_not_write_one_file(tmp_path: Path) -> None:
    first, second = CounterFile(tmp_path, ""), CounterFile(tmp_path, "")
    first.write(ENTRIES, 1)
    with pytest.raises(CounterFileError, match="another exporter"):
        second.write({}, 1)
    assert second.read() == ENTRIES
    first.close()
    second.write({}, 1)
    assert first.read() == {}


def test_directory_that_is_not_there_or_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CounterFileError, match="cannot be written"):
        CounterFile(tmp_path / "none", "").write(ENTRIES, 1)
    file = CounterFile(tmp_path, "")
    file.path.mkdir()
    with pytest.raises(CounterFileError, match="cannot be read"):
        file.read()
    with pytest.raises(CounterFileError, match="cannot be written"):
        file.write(ENTRIES, 1)


def test_mode_is_kept_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = CounterFile(tmp_path, "")
        file.write(ENTRIES, 1)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
