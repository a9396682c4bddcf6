"""From a setting to a store of pages."""

from pathlib import Path

from slugline.pages.build_file import fingerprint
from slugline.pages.disk_store import DiskStore
from slugline.pages.memory_store import MemoryStore
from slugline.pages.redis_store import RedisStore
from slugline.pages.store import PageStore

__all__ = ["open_store"]


def open_store(setting: str, folder: Path | None, root: Path) -> PageStore:
    """Open the store that a setting names: "memory", "disk", or the URL of a Redis server; "" is the disk where there is a folder.

    `folder` is that of the build's pages, None without a build; its name parts builds in Redis. Without one, the files below pages/
    of the project in `root` do, so that two projects or two versions do not serve each other's pages. The setting has been checked.
    """
    if setting == "memory" or (setting in ("", "disk") and folder is None):
        return MemoryStore()
    if setting in ("", "disk") and folder is not None:
        return DiskStore(folder)
    return RedisStore(setting, folder.name if folder is not None else fingerprint(root))
