"""An edge that follows a list that changes all the time, until it is killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from fanzha.entrypoints.edge.follow import Follower
from fanzha.lists.form import Kind
from fanzha.testing.lists import MemoryLists, entry


def main(folder: Path) -> None:
    lists = MemoryLists([entry(Kind.NUMBER, "95588", code=1)], version=int(time.time() * 1e6))
    with Follower(lists, folder, wait_s=1) as follower:
        print("ready", flush=True)
        while True:
            version = lists.put(entry(Kind.NUMBER, str(95000 + lists.version % 500), code=1))
            if follower.version and version - follower.version > 20:
                time.sleep(0.002)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
