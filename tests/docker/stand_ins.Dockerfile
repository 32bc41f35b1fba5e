# Debian's own nginx and Prometheus in the places of the images that config/compose names, for tests
# that can reach no registry.
ARG BASE=debian:bookworm

FROM ${BASE} AS nginx
RUN apt-get update -q && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nginx-light && \
    rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["nginx", "-g", "daemon off;"]

FROM ${BASE} AS prometheus
RUN apt-get update -q && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends prometheus && \
    rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["prometheus"]
