"""TensorFlow on one thread: the same seeds give the same nets, and two trainings fit two cores."""

import os

# Before TensorFlow is imported. Its oneDNN kernels are off by default on AMD, where they halve the
# time of a step: 75 ms instead of 142 for the CNN.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf


def one_thread() -> None:
    """Keep TensorFlow from starting more."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
