"""Where networks are saved to: paths of all kinds, open files, links, modes, pipes."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from vargrad import NN

unix = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and pipes of Unix")


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


def saved(model: NN) -> bytes:
    file = io.BytesIO()
    model.save(file)
    return file.getvalue()


def test_open_files_and_bytes(tmp_path: Path) -> None:
    model = NN([2, 2, 1], seed=1)
    path = os.fsencode(tmp_path / "m\u00fc")
    model.save(path)
    assert values(NN.load(path)) == values(model)
    with open(path, "rb") as file:
        assert file.read() == saved(model)
        file.seek(0)
        other = NN([2, 2, 1], seed=2)
        other.load_parameters(file)
    assert values(other) == values(model)
    with open(tmp_path / "other", "wb") as file:
        model.save(file)
    assert (tmp_path / "other").read_bytes() == saved(model)
    for mode, call in (("w", model.save), ("r", NN.load)):
        with open(tmp_path / "other", mode) as file, pytest.raises(TypeError, match=r"other is open for text.*b'"):
            call(file)
    with pytest.raises(ValueError, match=r"BytesIO.*it has 2 bytes"):
        NN.load(io.BytesIO(b"12"))


@unix
def test_a_replaced_file_keeps_its_mode_and_its_links(tmp_path: Path) -> None:
    path, link, dangling = tmp_path / "m", tmp_path / "link", tmp_path / "dangling"
    NN([2, 1], seed=0).save(path)
    for mode in (0o640, 0o600, 0o444):
        path.chmod(mode)
        NN([2, 1], seed=mode).save(path)
        assert stat.S_IMODE(path.stat().st_mode) == mode
    link.symlink_to("m")
    NN([2, 2, 1], seed=1).save(link)
    assert link.is_symlink()
    assert NN.load(path).arch == [2, 2, 1]
    dangling.symlink_to(tmp_path / "new")
    NN([3, 1]).save(dangling)
    assert NN.load(tmp_path / "new").arch == [3, 1]
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match="symbolic link"):
        NN([2, 1]).save(circle)
    NN([2, 1]).save(tmp_path / ("n" * 255))
    with pytest.raises(IsADirectoryError):
        NN([2, 1]).save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["circle", "dangling", "link", "m", "new", "n" * 255]


@unix
def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    """A pipe in the place of the path, which a rename would have replaced."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        NN([2, 1], seed=3).save(path)
        assert os.read(reader, 1 << 16) == saved(NN([2, 1], seed=3))
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)
