"""What can go wrong, in one line for the person at the terminal."""


class ServersError(Exception):
    """The embedded servers could not be started; the message says why and what to do."""


class InUseError(ServersError):
    """Another process has the servers of this data folder."""
