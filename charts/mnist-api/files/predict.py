"""What `helm test` runs: one real prediction through the Service."""

import os
import time
from http.client import HTTPConnection, HTTPException


def ask() -> str:
    """Return the answer, or what came instead of one."""
    connection = HTTPConnection(os.environ["ADDRESS"], timeout=5)
    headers = {"Content-Type": "application/json"}
    try:
        connection.request("POST", "/predict/", os.environ["BODY"], headers)
        return connection.getresponse().read().decode()
    except (OSError, HTTPException) as error:
        return repr(error)
    finally:
        connection.close()


# A node learns of a new Service's pods moments after they are ready.
deadline = time.monotonic() + 20
while (answer := ask()) != '{"prediction":3}' and time.monotonic() < deadline:
    time.sleep(0.5)
print(answer)
if answer != '{"prediction":3}':
    raise SystemExit("that is not the 3 that was drawn")
