"""Connects its input and output to a port of a host.

Usage: relay.py HOST PORT
In the place of the SSM agent of an instance.
"""

import os
import socket
import sys
import threading

peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
peer.settimeout(None)


def send() -> None:
    while data := os.read(0, 65536):
        peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)


threading.Thread(target=send, daemon=True).start()
while data := peer.recv(65536):
    os.write(1, data)
