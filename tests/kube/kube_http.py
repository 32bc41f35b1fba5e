"""A small client of the Kubernetes API for tests: JSON over HTTPS, one connection a thread.

Thread-safe. An answer from 400 up is an ApiError with the server's Status in it.
"""
import contextlib
import http.client
import json
import socket
import ssl
import threading

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
TIMEOUT = 60  # seconds for a request; a watch waits for its own `timeoutSeconds` and some more


class ApiError(Exception):
    def __init__(self, code, status):
        super().__init__(f"{code} {status.get('reason', '')}: {status.get('message', status)}")
        self.code = code
        self.reason = status.get("reason", "")
        self.causes = status.get("details", {}).get("causes", [])


class Api:
    def __init__(self, address, ca_file, certificate=None, token=None):
        """`address` is host:port, `certificate` (certificate file, key file)."""
        self.address = address
        self.token = token
        self.context = ssl.create_default_context(cafile=str(ca_file))
        if certificate:
            self.context.load_cert_chain(*map(str, certificate))
        self.local = threading.local()
        self.watching = set()  # connections

    def _connect(self, timeout):
        return http.client.HTTPSConnection(self.address, timeout=timeout, context=self.context)

    def _send(self, connection, method, path, body, content_type):
        headers = {"Accept": "application/json", "User-Agent": "squall-tests/1"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = content_type
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        if response.status >= 400:
            text = response.read()
            try:
                status = json.loads(text)
            except ValueError:
                status = {"message": text.decode(errors="replace")}
            raise ApiError(response.status, status)
        return response

    def call(self, method, path, body=None, content_type="application/json"):
        """The answer's body as a value; plain text when it is none."""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = self._connect(TIMEOUT)
        reused = connection.sock is not None
        try:
            text = self._send(connection, method, path, body, content_type).read()
        except (http.client.HTTPException, OSError):
            connection.close()  # it connects anew with the next request
            if not reused:
                raise
            # The server gives up connections that have been idle for a minute or two.
            text = self._send(connection, method, path, body, content_type).read()
        try:
            return json.loads(text)
        except ValueError:
            return text.decode()

    def close(self):
        """Ends the connection of this thread, which is about to end."""
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            connection.close()

    def get(self, path):
        return self.call("GET", path)

    def find(self, path):
        """None when it is not there."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def create(self, path, body):
        return self.call("POST", path, body)

    def merge(self, path, body):
        return self.call("PATCH", path, body, MERGE)

    def apply(self, path, body, manager="squall-tests"):
        return self.call("PATCH", f"{path}?fieldManager={manager}&force=true", body, APPLY)

    def delete(self, path, **options):
        """An object that is gone already is no error."""
        try:
            self.call("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", **options})
        except ApiError as error:
            if error.code != 404:
                raise

    def watch(self, path, query, seconds):
        """Yields (type, object) until the server ends the watch after `seconds`. ApiError for one
        that it refuses or ends with an error."""
        connection = self._connect(seconds + 30)
        self.watching.add(connection)
        try:
            url = f"{path}?watch=true&timeoutSeconds={seconds}&allowWatchBookmarks=true&{query}"
            response = self._send(connection, "GET", url, None, None)
            for line in response:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", 500), event["object"])
                yield event["type"], event["object"]
        finally:
            self.watching.discard(connection)
            connection.close()

    def stop_watches(self):
        """Ends the watches of other threads, as if the server had."""
        for connection in list(self.watching):
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)
