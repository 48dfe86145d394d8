"""Check a SQLite file: its owner, its mode and its file system."""

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.checks.file_modes import group_reaches, others_reach

_MOUNTS = Path("/proc/self/mounts")
#: Network file systems, whose locks are unreliable (sqlite.org/howtocorrupt.html section 2.1).
_NETWORK_FILE_SYSTEMS = frozenset(
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
    """Check that the current user owns the database: others cannot read or check the files.

    Args:
        file: the database.
        user: the numeric id of the current user, by default that of this process.
    """
    check, me = "owner of the database", os.geteuid() if user is None else user
    owner = file.stat().st_uid if file.exists() else me
    if owner == me:
        return fine(check, "the current user")
    return problem(
        check,
        f"{file} belongs to the user {_user_name(owner)}, but the current user is {_user_name(me)}",
        f"run this and the service as that user: sudo -u {_user_name(owner)} watchword doctor",
    )


def check_file_mode(file: Path) -> CheckResult:
    """Check that other users of the machine cannot read accounts and password hashes."""
    check = "files of the database"
    for one in _files_of(file):
        if others_reach(one):
            return problem(check, f"every user of the machine can access {one}", f"chmod 600 {one}")
        if group_reaches(one):
            return warning(check, f"a group can access {one}", f"chmod 600 {one}")
    return fine(
        check,
        f"only the owner can access {file}" if file.exists() else f"{file} does not exist yet",
    )


def check_file_system(file: Path, mounts: str | None = None) -> CheckResult:
    """Check that SQLite's locks work on the file system of the database.

    Args:
        file: the database.
        mounts: the content of ``/proc/self/mounts``, by default read from there.
    """
    check = "disk of the database"
    kind = _kind_of(file, _read_mounts() if mounts is None else mounts)
    if kind in _NETWORK_FILE_SYSTEMS:
        return problem(
            check,
            f"{file} is on {kind}, where locks are unreliable and memory is not shared: the "
            "database can be corrupted, and revocations are not seen at once",
            "move it to a local disk, or use PostgreSQL",
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
        mount_point = Path(_unescaped(fields[1]))
        # Of two mounts on one path the later covers the earlier.
        if folder.is_relative_to(mount_point) and len(mount_point.parts) >= best:
            best, kind = len(mount_point.parts), fields[2]
    return kind


def _unescaped(text: str) -> str:
    # The four characters that proc(5) escapes in octal.
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
