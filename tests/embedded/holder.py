"""A process that starts servers on the folder given and holds them until a line comes in. For tests to kill.

Prints one JSON line when the servers run. At SIGINT asks the database a last time and prints its answer.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import psycopg
import redis

from lockstep.embedded import start_servers


def main() -> None:
    with start_servers(Path(sys.argv[1])) as servers:

        def last_question(_number: int, _frame: FrameType | None) -> None:
            with psycopg.connect(servers.database_url) as connection:
                answer = connection.execute("SELECT 'still here'").fetchone()
            # Not `print`: the signal may have come while it was at work.
            os.write(sys.stdout.fileno(), f"{answer}\n".encode())

        signal.signal(signal.SIGINT, last_question)
        with redis.Redis.from_url(servers.redis_url) as client:
            redis_pid = client.info("server")["process_id"]
        postmaster = (Path(sys.argv[1]) / "servers/postgres/postmaster.pid").read_text().split("\n")[0]
        watcher = Path(f"/proc/{postmaster}/status").read_text().split("PPid:")[1].split()[0]
        line = {
            "holder": os.getpid(),
            "watcher": int(watcher),
            "postgres": int(postmaster),
            "redis": redis_pid,
            "owner_url": servers.owner_url,
        }
        print(json.dumps(line), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
