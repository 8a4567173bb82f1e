"""Under which account the servers run.

PostgreSQL refuses to run as root, and nothing here needs root: when we are root, the servers run as an
ordinary account that exists already.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lockstep.embedded.errors import ServersError

# First the one a distribution's own PostgreSQL uses, which owns less than `nobody` is shared.
ORDINARY_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account to switch to, or (all `None`) the one we have. The fields are `subprocess.Popen`'s."""

    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        return None if self.user is None else []

    def reaches(self, folder: Path) -> bool:
        """Whether this account may enter `folder`; the kernel is asked, since modes do not tell it all."""
        probe = subprocess.run(
            ["test", "-x", folder],
            cwd="/",
            user=self.user,
            group=self.group,
            extra_groups=self.extra_groups,
            check=False,
        )
        return probe.returncode == 0

    def own(self, path: Path) -> None:
        """Makes `path` this account's."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def account_for(place: Path | None) -> Account:
    """The account for the servers whose files are, or are to be, in `place`: the one that owns them already,
    or the first ordinary one of this machine. Our own when we are not root."""
    if os.geteuid() != 0:
        return Account()
    if place:
        owner = place.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in ORDINARY_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise ServersError(
        "PostgreSQL does not run as root, and this machine has neither an account 'postgres' nor 'nobody'"
    )
