"""Asks the server (server.py) to do what it was called for, and ends as that ends.

`voiceform ...`, `python -m voiceform ...` and `python FILE ...` are done there; any other Python is started.
"""

import json
import os
import socket
import sys


def main(path: str, python: str, argv: list[str]) -> None:
    """Run `argv`, whose first word is the path of the program, by the server at `path`."""
    if os.path.basename(argv[0]) == "voiceform":
        words = ["voiceform", *argv[1:]]
    elif argv[1:3] == ["-m", "voiceform"]:
        words = argv[2:]
    elif argv[1:] and not argv[1].startswith("-"):
        words = argv[1:]
    else:
        os.execv(python, [python, *argv[1:]])
    mask = os.umask(0)
    asked = {"argv": words, "folder": os.getcwd(), "mask": mask, "environ": dict(os.environ)}
    request = json.dumps(asked).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(request)
        with server.makefile("rb") as said:
            said.readline()  # which process it is
            code = int(said.readline())
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)
