# Client of tests/served.py: hands over what it was started with and ends as the command ends.
import json
import os
import signal
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(SOCKET)  # noqa: F821 -- served.py writes it above
    request = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()  # noqa: PTH109
    socket.send_fds(server, [len(request).to_bytes(8)], [0, 1, 2])
    server.sendall(request)
    code = int.from_bytes(server.recv(2), signed=True)
if code < 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
