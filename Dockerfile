# Pin the base by digest where that matters: --build-arg BASE=python:3.11-slim@sha256:...
ARG BASE=python:3.11-slim

FROM ${BASE} AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_QUIET=1 PYTHONDONTWRITEBYTECODE=1
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/image.txt requirements/
RUN python3 -m venv /tools && /tools/bin/pip install --require-hashes -r requirements/image.txt
# /tools/bin/pip works on the other environments from outside: no pip ever enters an image.

FROM tools AS build
# `otel` instead of `serve` brings what sends traces, `s3` what keeps the retraining loop in a bucket.
ARG REQUIREMENTS=serve
COPY requirements/${REQUIREMENTS}.txt requirements/serve.txt
RUN python3 -m venv --without-pip /app/venv \
    && /tools/bin/pip --python /app/venv/bin/python install --no-compile --require-hashes \
        -r requirements/serve.txt
COPY pyproject.toml README.md LICENSE ./
COPY service service
RUN /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /tools/bin/pip --python /app/venv/bin/python install --no-compile --no-deps /wheels/*.whl

FROM build AS build-serve
# 45 of 185 MB: LiteRT's accelerators and compilers for hardware that no pod has, test suites,
# what only type checkers and compilers read. The tests of the image predict with what is left.
WORKDIR /app/venv/lib
RUN rm -rf python3*/site-packages/ai_edge_litert/aot python3*/site-packages/ai_edge_litert/tools \
        python3*/site-packages/ai_edge_litert/vendors \
        python3*/site-packages/ai_edge_litert/libLiteRtWebGpuAccelerator.so \
        python3*/site-packages/numpy/distutils python3*/site-packages/numpy/f2py \
    && find . -depth -type d -name tests -exec rm -rf {} + \
    && find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' \
        -o -name '*.a' \) -delete \
    && /tools/bin/cyclonedx-py environment --output-reproducible --output-file /app/sbom.cdx.json \
        /app/venv/bin/python \
    && /app/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/venv

# What the retraining jobs run: TensorFlow and scikit-learn beside the same code. Large, never served.
# Without our code at first, so that a change of it does not bring TensorFlow anew.
FROM tools AS build-train
COPY requirements/train.txt requirements/
RUN python3 -m venv --without-pip /app/train \
    && /tools/bin/pip --python /app/train/bin/python install --no-compile --require-hashes \
        -r requirements/train.txt
COPY --from=build /wheels /wheels
RUN /tools/bin/pip --python /app/train/bin/python install --no-compile --no-deps /wheels/*.whl

FROM ${BASE} AS base
# tini as PID 1: a process that is PID 1 itself ignores SIGTERM until it has set a handler, so a pod
# deleted while it starts would stay for its whole grace period.
COPY --from=build /usr/bin/tini /usr/bin/tini
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MNIST_API_WEIGHTS=/app/weights
# Docker's python images come without the standard library's bytecode, and on a read-only file system
# none is kept: every start compiled it anew, 1.1 s of CPU where 0.5 s is enough.
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        -x '/(site|dist)-packages/|/(test|idlelib|lib2to3|ensurepip|tkinter|turtledemo|pydoc_data)/' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY weights /app/weights
WORKDIR /app
USER 10001:10001

FROM base AS train
COPY --from=build-train /app/train /app/train
ENV PATH=/app/train/bin:$PATH
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["python", "-m", "mnist_api.training"]

FROM base AS with-code
COPY --from=build-serve /app/sbom.cdx.json /app/sbom.cdx.json
COPY --from=build-serve /app/venv /app/venv
ENV PATH=/app/venv/bin:$PATH MNIST_API_BIND=0.0.0.0:8000
EXPOSE 8000

# For `skaffold dev`: the code lies where it can be replaced, and a server that is stopped starts anew.
FROM with-code AS dev
COPY --chown=10001:10001 service /app/service
ENV PYTHONPATH=/app/service GUNICORN_CMD_ARGS="--pid /tmp/server.pid"
ENTRYPOINT ["/usr/bin/tini", "-g", "--"]
CMD ["sh", "-c", "while :; do mnist-api serve; done"]

FROM with-code AS serve
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mnist-api" \
    org.opencontainers.image.description="Answers the picture of a handwritten digit with the digit." \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["mnist-api", "serve"]
