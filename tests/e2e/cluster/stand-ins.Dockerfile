# Debian's servers under the names of the images that the chart and compose.yaml run, for machines
# that reach no registry.
ARG BASE=python:3.11-slim

FROM ${BASE} AS memcached
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends memcached \
    && rm -rf /var/lib/apt/lists/*
USER 11211

FROM ${BASE} AS nginx
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/*
USER 101
CMD ["nginx", "-g", "daemon off;"]

FROM ${BASE} AS prometheus
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends prometheus \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 65534 /prometheus
USER 65534
CMD ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]

# An S3-compatible server in memory. It is no PID 1, so that a test can stop it and have it go on.
FROM ${BASE} AS bucket
COPY bucket.txt /
RUN python3 -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --quiet --no-cache-dir --require-hashes -r /bucket.txt
USER 65534
CMD ["sh", "-c", "/venv/bin/moto_server -H 0.0.0.0 -p 5000 & echo $! > /tmp/pid; wait"]
