"""Writing a folder: all of it or nothing, and never over something."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from seqspec.backends.base import OutputFile
from seqspec.cli.terminal import fail
from seqspec.diagnostics import codes


def write_program(folder: Path, files: Iterable[OutputFile]) -> None:
    """Write a program into a new or empty folder."""
    write_folder(folder, {file.path: file.text.encode("utf-8") for file in files})


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files beside the folder first, then move them into place at once."""
    draft: str | None = None
    try:
        if folder.is_symlink() or folder.exists():
            if not folder.is_dir():
                raise fail(codes.CANNOT_WRITE(path=folder, reason="it is not a folder"))
            if any(folder.iterdir()):
                help = "name a new folder; nothing is overwritten"
                raise fail(codes.NOT_EMPTY(path=folder), help)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)
        os.chmod(draft, 0o777 & ~_umask())
        for name, content in files.items():
            (Path(draft) / name).write_bytes(content)
        os.replace(draft, folder)
    except OSError as error:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
        reason = (error.strerror or str(error)).lower()
        if isinstance(error, FileExistsError):
            reason = f"{error.filename} is not a folder"
        raise fail(codes.CANNOT_WRITE(path=folder, reason=reason)) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
