"""The API server of the Kubernetes in which this pod runs, asked as the pod's own account.

Standard library alone: a training makes four short calls, from threads, as the store's are.
"""

import json
import os
import ssl
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

from mnist_api.errors import ClusterUnavailable, TrainingUnavailable

Object = dict[str, Any]
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_SECONDS = 5.0


class ApiServer:
    """Speaks JSON with the API server about one namespace. Calls block."""

    def __init__(self, host: str, port: int, account: Path) -> None:
        """Prepare to call.

        Args:
            host: the API server's.
            port: likewise.
            account: the folder where the pod finds `token`, `ca.crt` and `namespace`.

        Raises:
            OSError: the folder lacks what it needs.
        """
        self._address = host, port
        self._token = account / "token"
        self._namespace = (account / "namespace").read_text().strip()
        self._tls = ssl.create_default_context(cafile=account / "ca.crt")

    @classmethod
    def of_pod(cls, account: Path = ACCOUNT) -> "ApiServer":
        """Return the one that Kubernetes tells every pod of.

        Raises:
            TrainingUnavailable: nobody told of one, or the pod has no account.
        """
        try:
            host = os.environ["KUBERNETES_SERVICE_HOST"]
            return cls(host, int(os.environ["KUBERNETES_SERVICE_PORT"]), account)
        except (KeyError, OSError) as error:
            raise TrainingUnavailable(
                "this is no pod whose account may make Jobs: its token, the authority's "
                "certificate or KUBERNETES_SERVICE_HOST is missing"
            ) from error

    def call(self, method: str, kind: str, name: str = "", body: Object | None = None) -> Object:
        """Return what the API server says of something in the API group `batch`.

        Args:
            method: of HTTP.
            kind: in the plural, `jobs`.
            name: which of them; empty for all.
            body: what to send.

        Returns:
            The answer; empty where there is no such thing, which is often no mistake.

        Raises:
            ClusterUnavailable: it cannot be reached, or failed.
            TrainingUnavailable: it refuses.
        """
        path = f"/apis/batch/v1/namespaces/{self._namespace}/{kind}/{name}".rstrip("/")
        try:
            status, answer = self._exchange(method, path, body)
        except (OSError, HTTPException, ValueError) as error:
            raise ClusterUnavailable(f"the cluster cannot be asked: {error}") from error
        if status == 404:
            return {}
        if status == 429 or status >= 500:
            raise ClusterUnavailable(f"the cluster's API server answered {status}")
        if status >= 400:
            raise TrainingUnavailable(f"the cluster refuses: {answer.get('message', status)}")
        return answer

    def _exchange(self, method: str, path: str, body: Object | None) -> tuple[int, Object]:
        host, port = self._address
        # A connection a call: calls are rare, and a kept one may be closed under us.
        connection = HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=self._tls)
        # Read at every call: the kubelet replaces the token every hour.
        headers = {"Authorization": f"Bearer {self._token.read_text().strip()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
            return response.status, answer if isinstance(answer, dict) else {}
        finally:
            connection.close()
