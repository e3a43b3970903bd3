import socket
import socketserver
import threading


class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


def serve():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Upper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def ask(address, line, connect=socket.create_connection):
    try:
        with connect(address, timeout=5) as connection:
            connection.sendall(line)
            return connection.recv(100)
    except OSError as error:
        return type(error).__name__
