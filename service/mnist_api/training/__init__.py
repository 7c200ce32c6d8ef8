"""How the models are made; needs the extra [train] and is never imported by the server.

What TensorFlow reads when it is imported is set here, where no order of imports comes before it:
with its oneDNN kernels, off by default on AMD, a step of half the CNN of 2018 took 51 ms, not 111.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
