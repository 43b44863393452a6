"""Files that are read within limits, and written whole or not at all.

New content first goes to a file in the same folder, with a name of its own.  Once it is on the
disk it is put in its place.  A full disk or Ctrl-C therefore leaves the folder as it was.
A process that is killed may leave a .part file.
"""

from __future__ import annotations

import errno
import json
import os
import random
import re
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

PATIENCE = 10.0  # seconds to wait for a lock; its holder needs milliseconds for a few kB
BUSY = (errno.EAGAIN, errno.EACCES)  # another process holds the lock: POSIX, Windows
MOST_DEPTH = 500  # lists inside each other in JSON, as nothing of ours writes them
STRING = re.compile(r'"(?:[^"\\]|\\.)*"?')  # of JSON; one that is not closed goes to the end
ACCESS_LIST = "system.posix_acl_access"
NO_ATTRIBUTES = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODATA)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file; a symbolic link is followed.
        most: Number of bytes that it may have.

    Raises:
        OSError: The file is not there, or may not be read.
        ValueError: It is a device, a FIFO or a folder, which is not opened, or it has more bytes.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ValueError(f"it has more than {most:,} bytes")
        return file.read(
            size
        )  # what is longer than it says, as some of Linux's logs are, may never end


def real(path: Path) -> Path:
    """Return the path of the file itself: links are followed, and a folder before ``..`` may be missing.

    A file that is read and then written needs this path for both.  The system itself would not find it to read.
    """
    try:
        return Path(os.path.realpath(path))
    except OSError:  # the working folder has been deleted
        return path


def from_json(text: str) -> Any:
    """Return what JSON says.

    Raises:
        ValueError: It is not JSON, a name stands twice, or lists lie deeper inside each other than
            MOST_DEPTH, at which Python itself would end in a browser.

    Example:
        >>> from_json('{"a": 1, "a": 2}')
        Traceback (most recent call last):
        ValueError: 'a' stands twice
    """
    brackets = re.findall(r"[][{}]", STRING.sub("", text))
    deeper = (1 if each in "[{" else -1 for each in brackets)
    if max(accumulate(deeper), default=0) > MOST_DEPTH:
        raise ValueError("it is nested too deeply")
    return json.loads(text, object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return what JSON has by name; ValueError if a name stands twice, as one of the two would be lost."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{shortened(name)} stands twice")
        found[name] = value
    return found


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    A hard link puts it in place, in one step that fails if the name is taken.  Some file systems
    have no links (exFAT, some network drives).  There an empty file claims the name, which also
    fails if it is taken, and is then replaced.  A program that opens the empty file in the instant
    between would lose what it writes to it.

    Raises:
        FileExistsError: The name is taken, even if only by a broken link.
        OSError: The file cannot be written; nothing is left behind.
    """
    with undisturbed(), _beside(path, data) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:
            _claim(part, path)


def write_over(path: Path, data: bytes) -> None:
    """Write a file, in the place of one that may be there, whose owner and permissions are kept.

    A symbolic link stays, and the file that it points to is written.  Readers find the old content
    or the new one.  Other hard links keep the old one.

    Raises:
        OSError: The file cannot be written, is write-protected, or has an owner or a group that the
            user who runs this cannot give to a new file; the old one is left as it was.
    """
    path = real(path)
    there = path.exists()
    if there and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    with undisturbed(), _beside(path, data, like=path if there else None) as part:
        os.replace(part, path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process or thread at a time work on ``path``; the others wait.

    The system locks an empty file beside it, and ends the lock if the process dies.  POSIX lets us
    remove that file; on Windows it stays.  The work goes on without a lock if the system has none:
    in a browser, and on some network drives.

    Raises:
        TimeoutError: Another process held the lock for PATIENCE seconds.
        OSError: The lock's file cannot be made.
    """
    with undisturbed() as interrupts:  # else Ctrl-C could come before the lock is given back
        if sys.platform == "emscripten":
            yield
            return
        beside = Path(os.path.realpath(path) + ".lock")
        lock = _lock(beside, interrupts)
        try:
            yield
        finally:
            with suppress(OSError):  # the lock is given back, whatever the folder is like by now
                status = os.fstat(lock)
                is_empty = stat.S_ISREG(status.st_mode) and not status.st_size  # as we made it
                if sys.platform != "win32" and is_empty and _is_ours(lock, beside):
                    beside.unlink()  # still held: a process that waits sees it gone, and makes a new one
            os.close(lock)


@contextmanager
def undisturbed() -> Iterator[list[int]]:
    """Hold Ctrl-C back until the block has ended, such as a cleanup or the import of a native library.

    Yields a list with an entry for each Ctrl-C.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield []  # a signal does not come here, or its handler could not be set again
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _beside(path: Path, data: bytes, like: Path | None = None) -> Iterator[Path]:
    """Write ``data`` to a new file in the same folder, and remove that file at the end.

    It gets the permissions of the file ``like``.
    """
    start = path.name[:40]  # 160 bytes in UTF-8; the whole name has at most 255
    part = path.with_name(f"{start}.{os.urandom(8).hex()}.part")
    mode = 0o600 if like else 0o666  # private until it has the permissions of the other

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    try:
        with open(part, "xb", opener=opener) as file:
            if like:
                _permit(part, like)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield part
    except OSError as error:
        # by the name that the reader knows
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            part.unlink()


def _permit(part: Path, like: Path) -> None:
    """Give a file the owner, the group, the access list and the mode of another.

    What is equal already is not touched.  On some drives every file seems to belong to one user, and
    nothing of that can be set.

    Raises:
        OSError: They differ in one of these, and the system refuses to change it.
    """
    old, new = like.stat(), part.stat()
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.chown(part, old.st_uid, old.st_gid)
    _copy_attributes(part, like)
    mode = stat.S_IMODE(old.st_mode)
    if stat.S_IMODE(part.stat().st_mode) != mode:
        os.chmod(part, mode)


def _copy_attributes(part: Path, like: Path) -> None:
    """Give a file the access list of another, and other attributes as far as the system allows it."""
    wanted, found = _attributes(like), _attributes(part)
    for name in wanted | found:
        if sys.platform != "linux" or wanted.get(name) == found.get(name):
            continue
        try:
            if name in wanted:
                os.setxattr(part, name, wanted[name])
            else:  # a folder may give its access list to what is new in it
                os.removexattr(part, name)
        except OSError:
            if name == ACCESS_LIST:
                raise


def _attributes(path: Path) -> dict[str, bytes]:
    """Return the extended attributes of a file; none if its drive has no such attributes."""
    found: dict[str, bytes] = {}
    if sys.platform == "linux":
        try:
            for name in os.listxattr(path):
                found[name] = os.getxattr(path, name)
        except OSError as error:
            if error.errno not in NO_ATTRIBUTES:
                raise
    return found


def _claim(part: Path, path: Path) -> None:
    """Put ``part`` in place without a link."""
    path.touch(exist_ok=False)
    try:
        os.replace(part, path)
    except BaseException:
        if not path.stat().st_size:
            path.unlink()
        raise


def _lock(beside: Path, interrupts: list[int]) -> int:
    """Wait for the lock, until Ctrl-C.  Return the descriptor that holds it until it is closed."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            lock = os.open(beside, os.O_RDWR | os.O_CREAT | NO_LINK, 0o666)
        except OSError as error:
            if not os.path.lexists(beside):  # the folder is at fault
                raise
            said = f"its lock, {beside.name}, cannot be opened ({error.strerror})"
            raise OSError(error.errno, said, str(beside)) from None
        try:
            if _is_held(lock) and _is_ours(lock, beside):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
        if time.monotonic() > end:
            said = f"another notebook has been writing for {PATIENCE:g} s"
            raise TimeoutError(errno.ETIMEDOUT, said, str(beside))
        if interrupts:
            raise KeyboardInterrupt
        time.sleep(random.uniform(0.005, 0.02))


def _is_held(lock: int) -> bool:
    """Take the lock at once; False if another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in BUSY  # any other: this file system has no locks
    return True


def _is_ours(lock: int, beside: Path) -> bool:
    """Return False if another process has removed the file since it was opened."""
    try:
        return os.path.samestat(os.fstat(lock), beside.stat())
    except FileNotFoundError:
        return False
