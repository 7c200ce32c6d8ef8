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
