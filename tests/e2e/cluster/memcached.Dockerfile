# Debian's memcached under the name of the chart's default image, for clusters that reach no registry.
ARG BASE=python:3.11-slim
FROM ${BASE}
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends memcached \
    && rm -rf /var/lib/apt/lists/*
USER 11211
