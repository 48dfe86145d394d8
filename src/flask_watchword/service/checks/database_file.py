"""A SQLite file: who reads it, and on what kind of disk it lies."""

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.checks.file_modes import group_reaches, others_reach

_MOUNTS = Path("/proc/self/mounts")
#: What locks by the network, if at all (sqlite.org/howtocorrupt.html section 2.1).
_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb2",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "9p",
        "ceph",
        "glusterfs",
        "lustre",
        "beegfs",
        "ocfs2",
        "gfs2",
        "davfs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.davfs2",
    }
)


def check_owner(file: Path, user: int | None = None) -> CheckResult:
    """Check that whoever examines is who serves: others can neither read nor judge the files.

    Args:
        file: the database.
        user: who examines; of this process when not given.
    """
    check, me = "owner of the database", os.geteuid() if user is None else user
    owner = file.stat().st_uid if file.exists() else me
    if owner == me:
        return fine(check, "whoever runs this")
    return problem(
        check,
        f"{file} belongs to the user {_user_name(owner)}, and this is run by {_user_name(me)}",
        f"run this, and the service, as that user: sudo -u {_user_name(owner)} watchword doctor",
    )


def check_file_mode(file: Path) -> CheckResult:
    """Check that no other user of the machine reads accounts and password hashes."""
    check = "files of the database"
    for one in _files_of(file):
        if others_reach(one):
            return problem(check, f"every user of the machine can use {one}", f"chmod 600 {one}")
        if group_reaches(one):
            return warning(check, f"a whole group can use {one}", f"chmod 600 {one}")
    return fine(
        check, f"{file} is its owner's alone" if file.exists() else f"{file} is not there yet"
    )


def check_file_system(file: Path, mounts: str | None = None) -> CheckResult:
    """Check that SQLite's locks work where the file lies.

    Args:
        file: the database.
        mounts: what is mounted, as Linux tells it; read from there when not given.
    """
    check = "disk of the database"
    kind = _kind_of(file, _read_mounts() if mounts is None else mounts)
    if kind in _NETWORK:
        return problem(
            check,
            f"{file} lies on {kind}, where locks are not reliable and memory is not shared: the "
            "database gets corrupted, and revocations are not seen at once",
            "put it on a local disk, or use PostgreSQL",
        )
    return fine(check, kind or "unknown")


def _files_of(file: Path) -> Iterable[Path]:
    names = [f"{file.name}{suffix}" for suffix in ("", "-wal", "-shm", ".master-key", ".secret")]
    return [one for name in names if (one := file.with_name(name)).exists()]


def _kind_of(file: Path, mounts: str) -> str:
    folder, best, kind = file.resolve().parent, -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(_unescaped(fields[1]))
        # Of two at one place the later covers the earlier.
        if folder.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), fields[2]
    return kind


def _unescaped(text: str) -> str:
    # The four characters that proc(5) writes in octal.
    for code, character in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
        text = text.replace(f"\\{code}", character)
    return text


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"


def _read_mounts() -> str:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
