"""A proxy that hands requests on to a server and can lose the answers: what a network does to a client at the worst moment."""

import socket
import threading


class Proxy:
    """Listens on a port of its own; `losing` answers are cut off, each after its request was carried out."""

    def __init__(self, port, losing=0):
        self.port_of_server, self.losing, self.requests = int(port), losing, 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port_of_server)) as server:
            while request := self._message(client):
                server.sendall(request)
                answer = self._message(server)
                with self._lock:
                    self.requests += 1
                    is_lost = self.losing > 0
                    self.losing -= is_lost
                if is_lost or not answer:
                    return
                client.sendall(answer)

    @staticmethod
    def _message(sock):
        """One request or answer: the head, and as much as its length says."""
        whole = b""
        while b"\r\n\r\n" not in whole:
            part = sock.recv(65536)
            if not part:
                return b""
            whole += part
        head, _, body = whole.partition(b"\r\n\r\n")
        length = next((int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(body) < length:
            part = sock.recv(65536)
            whole, body = whole + part, body + part
        return whole

    def close(self):
        self._listener.close()
