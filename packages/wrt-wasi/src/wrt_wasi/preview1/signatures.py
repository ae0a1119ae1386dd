"""Every function of WASI preview 1 with its type, by family: what a guest may import, served or not."""

from __future__ import annotations

from wrt_foundation.types import I32, I64, FuncType

__all__ = ["FAMILIES", "SIGNATURES"]

_NUMBERS = {"i": I32, "I": I64}


def _type(params: str, results: str = "i") -> FuncType:
    return FuncType(tuple(_NUMBERS[each] for each in params), tuple(_NUMBERS[each] for each in results))


# One letter a parameter: i for i32, I for i64. All but one return an error code, an i32.
FAMILIES: dict[str, dict[str, FuncType]] = {
    "arguments": {
        "args_get": _type("ii"),
        "args_sizes_get": _type("ii"),
    },
    "environment": {
        "environ_get": _type("ii"),
        "environ_sizes_get": _type("ii"),
    },
    "clocks": {
        "clock_res_get": _type("ii"),
        "clock_time_get": _type("iIi"),
    },
    "random": {
        "random_get": _type("ii"),
    },
    "process": {
        "proc_exit": _type("i", ""),
        "proc_raise": _type("i"),
        "sched_yield": _type(""),
    },
    "stdio": {},  # opens what others read and write
    "descriptors": {
        "fd_close": _type("i"),
        "fd_fdstat_get": _type("ii"),
        "fd_fdstat_set_flags": _type("ii"),
        "fd_fdstat_set_rights": _type("iII"),
        "fd_filestat_get": _type("ii"),
        "fd_prestat_dir_name": _type("iii"),
        "fd_prestat_get": _type("ii"),
        "fd_read": _type("iiii"),
        "fd_renumber": _type("ii"),
        "fd_seek": _type("iIii"),
        "fd_tell": _type("ii"),
        "fd_write": _type("iiii"),
    },
    "filesystem": {
        "fd_advise": _type("iIIi"),
        "fd_allocate": _type("iII"),
        "fd_datasync": _type("i"),
        "fd_filestat_set_size": _type("iI"),
        "fd_filestat_set_times": _type("iIIi"),
        "fd_pread": _type("iiiIi"),
        "fd_pwrite": _type("iiiIi"),
        "fd_readdir": _type("iiiIi"),
        "fd_sync": _type("i"),
        "path_create_directory": _type("iii"),
        "path_filestat_get": _type("iiiii"),
        "path_filestat_set_times": _type("iiiiIIi"),
        "path_link": _type("iiiiiii"),
        "path_open": _type("iiiiiIIii"),
        "path_readlink": _type("iiiiii"),
        "path_remove_directory": _type("iii"),
        "path_rename": _type("iiiiii"),
        "path_symlink": _type("iiiii"),
        "path_unlink_file": _type("iii"),
    },
    "sockets": {
        "sock_accept": _type("iii"),
        "sock_recv": _type("iiiiii"),
        "sock_send": _type("iiiii"),
        "sock_shutdown": _type("ii"),
    },
    "poll": {
        "poll_oneoff": _type("iiii"),
    },
}
"""The functions of preview 1 by family, in the order in which families open what a guest has from the beginning."""

SIGNATURES: dict[str, FuncType] = {name: type_ for family in FAMILIES.values() for name, type_ in family.items()}
"""The functions of the module `wasi_snapshot_preview1`, by name."""
