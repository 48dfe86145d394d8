"""A SQLite file on a full disk."""

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soak.findings import Finding, Scale, summary
from soak.load import integrity
from soak.places import SQLITE, Place, in_file
from soak.site import Answer, Site, sign_in
from soak.workers import working

_SIZE = "4m"
_PROMISE = "disk full: writes 503, reads work, nothing is damaged"
#: Logins for which the space already reserved by SQLite may suffice.
_MOST = 20_000
_WRITES = 20
_UNAVAILABLE = "503 store_unavailable"


def trial(place: Place, _scale: Scale) -> Iterator[Finding]:
    """Fill a small dedicated file system; report where none can be mounted."""
    if place.name != SQLITE:
        return
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        try:
            with _small_disk(Path(folder)):
                yield _filled(Path(folder))
        except PermissionError as error:
            yield Finding(_PROMISE, place.name, f"not tried: {error}", None)


def _filled(folder: Path) -> Finding:
    place = in_file(folder / "sessions.db")
    with working(1, place.url) as (worker,):
        pair = worker.do(sign_in)
        ballast = folder / "ballast"
        _fill(ballast)
        granted, writes, reads = worker.do(_use_full_disk, pair)
        whole = integrity(place)
        ballast.unlink()
        again = worker.do(sign_in).verdict
    left = integrity(place)
    return Finding(
        _PROMISE,
        place.name,
        f"{granted:,} logins until the disk was full, then writes {summary(writes)}, "
        f"reads {summary(reads)}, integrity_check {whole}; with free space again a login {again}",
        set(writes) == {_UNAVAILABLE}
        and set(reads) == {"200"}
        and (whole, again, left) == ("ok", "200", "ok"),
    )


def _use_full_disk(site: Site, pair: Answer) -> tuple[int, Counter[str], Counter[str]]:
    granted = 0
    while site.sign_in().status == 200 and granted < _MOST:
        granted += 1
    writes, reads = Counter[str](), Counter[str]()
    for _ in range(_WRITES):
        writes[site.sign_in().verdict] += 1
        writes[site.ask("/refresh", pair.spare).verdict] += 1
        reads[site.ask("/me", pair.access).verdict] += 1
        reads[site.ask("/devices", pair.access).verdict] += 1
    return granted, writes, reads


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None or os.geteuid() != 0:
        raise PermissionError("only root may mount a small file system here")
    options = ["-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    done = subprocess.run([mount, *options], capture_output=True, check=False)
    if done.returncode:
        raise PermissionError("this machine does not let a small file system be mounted")
    try:
        yield
    finally:
        subprocess.run([unmount, str(folder)], check=True)
