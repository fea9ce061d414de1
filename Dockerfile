# kaos-agent: the image that agents are built from (`pais build`), and that an operator runs as it is.
#
# It serves /app/server.py where that is there, and else the agent that the variables declare, without Python.
# docs/images.md tells how it is built and what is in it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update && apt-get install -qq --no-install-recommends \
      ca-certificates cmake g++ ninja-build pkg-config python3-dev python3-pip \
      libcpp-httplib-dev libhiredis-dev libnghttp2-dev libprotozero-dev libsqlite3-dev libssl-dev nlohmann-json3-dev \
      zlib1g-dev
# Below /usr/local, where users' `pip install` puts theirs too.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# Of the index only what a lock has the hash of.
COPY scripts/*.lock /src/
RUN pip install --quiet --require-hashes --no-deps --requirement /src/build.lock && \
    pip install --quiet --require-hashes --no-deps --root=/out --ignore-installed --requirement /src/image.lock
COPY . /src
RUN pip install --quiet --no-build-isolation --no-deps --root=/out --ignore-installed /src && \
    ln -s /usr/bin/python3 /out/usr/local/bin/python

FROM ${BASE}
RUN apt-get update && apt-get install -qq --no-install-recommends \
      ca-certificates python3 tini \
      libcpp-httplib0.11 libhiredis0.14 libnghttp2-14 libsqlite3-0 libssl3 zlib1g && \
    rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/lib/python3*/EXTERNALLY-MANAGED && \
    groupadd --gid 65532 agentic && \
    useradd --key UID_MAX=65532 --uid 65532 --gid 65532 --home-dir /app --create-home --skel /nothing \
      --shell /usr/sbin/nologin agentic
COPY --from=build /out/ /
ENV HOME=/app PAIS_HOST=0.0.0.0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=2s --retries=3 CMD ["pais-host", "--healthcheck"]
# The first process hands signals on and buries the children of the agent's code. Ended by SIGTERM (143), as uvicorn is
# once it has drained, means well ended.
ENTRYPOINT ["tini", "-e", "143", "--"]
CMD ["sh", "-c", "[ ! -e server.py ] || exec pais run server.py; exec pais-host"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kaos-agent" \
      org.opencontainers.image.description="PAIS: serves AI agents over the OpenAI chat API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
