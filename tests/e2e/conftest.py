"""What `make e2e` adds to `make test`: the tests that need a cluster and minutes."""

import os

collect_ignore = [] if os.environ.get("E2E") else ["cluster"]
