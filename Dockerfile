# Images of Squall's programs, one target each; docs/containers.md says how to use them.
#
#   DOCKER_BUILDKIT=1 docker build --target squalld -t squall/squalld:0.1.0 .
#
#   squall           command line, coordinator and page, with all programs but those of locustfiles
#   squall-python    the same, and locustfiles
#   squalld          the agent
#   squalld-python   the agent, and locustfiles
#   squall-operator  the Kubernetes operator
#   squall-target    the demo product service
#
# Where no registry can be reached, config/docker/base-image makes the base.
ARG BASE=debian:bookworm
# prebuilt: takes the programs from build/release/bin, made on the same Debian.
ARG BUILD=compile

FROM ${BASE} AS compile
ARG JOBS=
WORKDIR /src
COPY scripts/setup scripts/setup
RUN scripts/setup --build-only && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY protos protos
COPY config config
COPY scripts scripts
COPY web web
COPY daemon daemon
COPY operator operator
COPY tests tests
# A proxy that shows certificates of its own: --secret id=ca_bundle,src=FILE (for npm).
RUN --mount=type=cache,target=/root/.cache/ccache \
    --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=ca_bundle \
    if [ -e /run/secrets/ca_bundle ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca_bundle; fi && \
    export CCACHE_DIR=/root/.cache/ccache && \
    cmake --preset release && \
    cmake --build --preset release --parallel "${JOBS:-$(nproc)}" \
      --target squall squalld squall-python squall-operator squall-target && \
    install -D -t /programs build/release/bin/squall build/release/bin/squalld \
      build/release/bin/squall-python build/release/bin/squall-operator \
      build/release/bin/squall-target

FROM scratch AS prebuilt
COPY build/release/bin/squall build/release/bin/squalld build/release/bin/squall-python \
     build/release/bin/squall-operator build/release/bin/squall-target /programs/

FROM ${BUILD} AS programs

# What the programs link, by Debian's packages; of this, only what they need goes on.
FROM ${BASE} AS assemble
COPY scripts/setup /kit/scripts/setup
RUN /kit/scripts/setup --runtime && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends binutils && \
    rm -rf /var/lib/apt/lists/*
COPY config/docker/make-root /kit/make-root
COPY LICENSE scripts/run-tests /kit/
COPY config/plans /kit/plans
COPY daemon/python/locust /kit/locust
RUN --mount=type=bind,from=programs,source=/programs,target=/programs \
    install -D -t /out/bin /programs/* && strip /out/bin/* && \
    /kit/make-root /out/base /out/bin/squall /out/bin/squalld /out/bin/squall-operator \
      /out/bin/squall-target && \
    install -D -m 644 /kit/LICENSE /out/base/usr/share/doc/squall/LICENSE && \
    install -d -o 65532 -g 65532 /out/base/work && \
    /kit/make-root --with-python --beside /out/base /out/python /out/bin/squall-python && \
    install -d /out/python/usr/lib/squall/python && \
    cp -r /kit/locust /out/python/usr/lib/squall/python/ && \
    install -D -t /out/squall/usr/bin /out/bin/squall /out/bin/squalld /out/bin/squall-operator \
      /out/bin/squall-target /kit/run-tests && \
    ln -s squall /out/squall/usr/bin/locust && \
    cp -L /bin/dash /out/squall/usr/bin/sh && \
    install -D -m 644 -t /out/squall/usr/share/squall/plans /kit/plans/*

# One layer that all images share: libraries, certificates, users. No shell, no package manager.
FROM scratch AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The Squall authors"
COPY --from=assemble /out/base/ /
# Runs that are kept, and what users mount, is below these; all else may be read-only.
ENV PATH=/usr/bin LANG=C.UTF-8 HOME=/var/lib/squall XDG_STATE_HOME=/var/lib
WORKDIR /work
USER 65532:65532
STOPSIGNAL SIGTERM

FROM runtime AS squall-target
LABEL org.opencontainers.image.title="squall-target" \
      org.opencontainers.image.description="The demo product service of Squall, to put load on"
COPY --from=assemble /out/bin/squall-target /usr/bin/
EXPOSE 8082
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
  CMD ["/usr/bin/squall-target", "--health", "127.0.0.1:8082"]
ENTRYPOINT ["/usr/bin/squall-target"]

FROM runtime AS squall-operator
LABEL org.opencontainers.image.title="squall-operator" \
      org.opencontainers.image.description="The Kubernetes operator of Squall: runs LoadTests on agent pods"
COPY --from=assemble /out/bin/squall-operator /usr/bin/
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["/usr/bin/squall-operator", "--health", "127.0.0.1:8081"]
ENTRYPOINT ["/usr/bin/squall-operator"]

FROM runtime AS squalld
LABEL org.opencontainers.image.title="squalld" \
      org.opencontainers.image.description="The agent of Squall: makes the load that a coordinator asks for"
COPY --from=assemble /out/bin/squalld /usr/bin/
EXPOSE 7071 9646
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
  CMD ["/usr/bin/squalld", "--health", "127.0.0.1:9646"]
ENTRYPOINT ["/usr/bin/squalld"]

FROM squalld AS squalld-python
LABEL org.opencontainers.image.title="squalld-python" \
      org.opencontainers.image.description="The agent of Squall, for locustfiles too"
COPY --from=assemble /out/python/ /
COPY --from=assemble /out/bin/squall-python /usr/bin/

# The last ones are what a build without --target makes. Kubernetes needs one image for all: the chart
# runs squall-operator, squalld and squall of this one.
FROM runtime AS squall-files
COPY --from=assemble /out/squall/ /
# run-tests then listens where published ports lead.
ENV SQUALL_CONTAINER=1
# With --read-only, too, squall serve keeps its runs.
VOLUME /var/lib/squall
# gRPC, the page, where workers join, metrics of squall serve.
EXPOSE 7070 8089 5557 9647
# A run without a page has nothing to ask; squall serve and runs with a page do. By HTTP or HTTPS, as
# all of them: a certificate makes no container unhealthy.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
  CMD ["/usr/bin/squall", "health", "--or-absent", "127.0.0.1:8089"]
ENTRYPOINT ["/usr/bin/squall"]
CMD ["--help"]

FROM squall-files AS squall-python
LABEL org.opencontainers.image.title="squall-python" \
      org.opencontainers.image.description="Squall: command line, coordinator and page, for locustfiles too"
COPY --from=assemble /out/python/ /
COPY --from=assemble /out/bin/squall-python /usr/bin/

FROM squall-files AS squall
LABEL org.opencontainers.image.title="squall" \
      org.opencontainers.image.description="Squall: load tests by plans; command line, coordinator and page"
