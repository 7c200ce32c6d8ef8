"""TensorFlow on one thread: the same seeds give the same nets, and two trainings fit two cores."""

import tensorflow as tf


def one_thread() -> None:
    """Keep TensorFlow from starting more."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
