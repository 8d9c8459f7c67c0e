"""Runs a command whose standard error is a terminal; prints as JSON what came out of both, and the exit code."""
import json, os, pty, subprocess, sys, threading

both = sys.argv[1] == "both"
terminal, end = pty.openpty()
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=end if both else subprocess.PIPE, stderr=end)
os.close(end)
shown = []


def read_terminal():
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return
        if not data:
            return
        shown.append(data)


reader = threading.Thread(target=read_terminal)
reader.start()
out = b"" if both else child.stdout.read()
code = child.wait()
reader.join()
json.dump({"code": code, "stdout": out.decode(), "terminal": b"".join(shown).decode()}, sys.stdout)
