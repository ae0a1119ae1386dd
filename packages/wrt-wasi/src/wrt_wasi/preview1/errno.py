"""Error codes of WASI preview 1, and the exception that carries one to the guest."""

from __future__ import annotations

import errno
from enum import IntEnum

__all__ = ["Errno", "Refused", "refusal"]


class Errno(IntEnum):
    """The error codes of preview 1; E2BIG is called TOOBIG, for a name can't begin with a digit."""

    SUCCESS = 0
    TOOBIG = 1
    ACCES = 2
    ADDRINUSE = 3
    ADDRNOTAVAIL = 4
    AFNOSUPPORT = 5
    AGAIN = 6
    ALREADY = 7
    BADF = 8
    BADMSG = 9
    BUSY = 10
    CANCELED = 11
    CHILD = 12
    CONNABORTED = 13
    CONNREFUSED = 14
    CONNRESET = 15
    DEADLK = 16
    DESTADDRREQ = 17
    DOM = 18
    DQUOT = 19
    EXIST = 20
    FAULT = 21
    FBIG = 22
    HOSTUNREACH = 23
    IDRM = 24
    ILSEQ = 25
    INPROGRESS = 26
    INTR = 27
    INVAL = 28
    IO = 29
    ISCONN = 30
    ISDIR = 31
    LOOP = 32
    MFILE = 33
    MLINK = 34
    MSGSIZE = 35
    MULTIHOP = 36
    NAMETOOLONG = 37
    NETDOWN = 38
    NETRESET = 39
    NETUNREACH = 40
    NFILE = 41
    NOBUFS = 42
    NODEV = 43
    NOENT = 44
    NOEXEC = 45
    NOLCK = 46
    NOLINK = 47
    NOMEM = 48
    NOMSG = 49
    NOPROTOOPT = 50
    NOSPC = 51
    NOSYS = 52
    NOTCONN = 53
    NOTDIR = 54
    NOTEMPTY = 55
    NOTRECOVERABLE = 56
    NOTSOCK = 57
    NOTSUP = 58
    NOTTY = 59
    NXIO = 60
    OVERFLOW = 61
    OWNERDEAD = 62
    PERM = 63
    PIPE = 64
    PROTO = 65
    PROTONOSUPPORT = 66
    PROTOTYPE = 67
    RANGE = 68
    ROFS = 69
    SPIPE = 70
    SRCH = 71
    STALE = 72
    TIMEDOUT = 73
    TXTBSY = 74
    XDEV = 75
    NOTCAPABLE = 76


class Refused(Exception):
    """A function of preview 1 fails: its guest gets `errno`, and the host goes on."""

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno.name)
        self.errno = errno


# By name, for one number may have several, and systems differ.
_HOST = {
    getattr(errno, f"E{code.name}"): code
    for code in Errno
    if code not in (Errno.SUCCESS, Errno.NOTCAPABLE)
    if hasattr(errno, f"E{code.name}")
} | {
    errno.E2BIG: Errno.TOOBIG,
    errno.EOPNOTSUPP: Errno.NOTSUP,
}


def refusal(error: OSError) -> Refused:
    """Return what the guest is told when the host's own system call failed."""
    return Refused(_HOST.get(error.errno or 0, Errno.IO))
