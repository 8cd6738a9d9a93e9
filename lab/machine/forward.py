"""Listens at a port of this machine, and runs a command for each connection, with the connection as its input and output.

Usage: forward.py PORT COMMAND [ARGUMENT...]
In the place of the Session Manager plugin of AWS.
"""

import socket
import subprocess
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    with connection:
        subprocess.Popen(sys.argv[2:], stdin=connection, stdout=connection)
