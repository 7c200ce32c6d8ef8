"""gunicorn's configuration, made from the service's settings.

Read in the master before the workers are forked. The names at module level are gunicorn's.
"""

import ctypes
import gc
import os
import shutil
import tempfile
from pathlib import Path

from mnist_api.environment import from_environment
from mnist_api.logs import logging_config

# NOTE: both must stand before the imports further down. The metrics decide at import where they
# live; numpy's BLAS would start a thread per core, which only costs for pictures of 28x28.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="mnist-api-metrics-")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from prometheus_client import multiprocess

# Imported before the fork so that the workers share its memory.
import mnist_api.asgi  # noqa: F401
from mnist_api.worker import Worker

# glibc's number for the size from which a block is the kernel's, to whom it goes back when freed.
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 4 << 20

_settings = from_environment()
_metrics_folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])

wsgi_app = "mnist_api.asgi:application()"
worker_class = "mnist_api.worker.Worker"
bind = _settings.bind
workers = _settings.workers
keepalive = _settings.keepalive_seconds
worker_connections = _settings.max_connections
graceful_timeout = _settings.graceful_timeout_seconds
asgi_lifespan = "on"
# The proxy headers change nothing in what we answer, so nobody needs to be trusted with them.
forwarded_allow_ips = ""
control_socket_disable = True
# gunicorn's heartbeat file: in memory where there is such a file system, as its manual advises.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
logger_class = "mnist_api.worker.Logger"
logconfig_dict = logging_config(_settings.log_level)


def on_starting(server: object) -> None:
    """Start the metrics from nothing: figures of a process long gone would count again."""
    _metrics_folder.mkdir(parents=True, exist_ok=True)
    for file in _metrics_folder.glob("*.db"):
        file.unlink()
    _give_back_large_blocks()
    # What is loaded so far stays for good; unfrozen, the collector's marks would unshare it.
    gc.freeze()


def _give_back_large_blocks() -> None:
    """Keep glibc from moving that size up to 32 MB once a large block was freed.

    It takes a body of 11 MB for a sign of more and keeps the room: workers stayed so much larger.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def child_exit(server: object, worker: Worker) -> None:
    """Take a dead worker out of the gauges that add up the living."""
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: object) -> None:
    """Leave nothing behind."""
    shutil.rmtree(_metrics_folder, ignore_errors=True)
