# syntax=docker/dockerfile:1

# Builds the executable: Node and npm are all that it takes, Bun itself is a package.
FROM node:22-bookworm-slim AS build
WORKDIR /build
# The packages first: they change seldom, and their layer is kept while they do not.
COPY package.json bun.lock bunfig.toml ./
COPY .patches .patches
RUN npx -y bun@1.4.5 install --frozen-lockfile --production
COPY tsconfig.json aggregator.config.ts ./
COPY src src
RUN npx -y bun@1.4.5 run build && mkdir -p /build/state

# Holds the executable and nothing to build or fetch with.
FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Aggregator" \
      org.opencontainers.image.description="Exact windowed aggregates out of event streams" \
      org.opencontainers.image.licenses="MIT"

# The executable carries its own roots of trust, so the image needs no certificates.
RUN groupadd --system --gid 10001 aggregator \
 && useradd --system --uid 10001 --gid aggregator --no-create-home --shell /usr/sbin/nologin aggregator
COPY --from=build --chown=root:root --chmod=0755 /build/dist/aggregator /usr/local/bin/aggregator
# A new volume takes the owner of the folder that it is mounted over.
COPY --from=build --chown=10001:10001 --chmod=0700 /build/state /var/lib/aggregator

# Outside loopback a token is required: set AGGREGATOR_TOKEN, or read the one printed at the first start.
ENV HOST=0.0.0.0 \
    PORT=8000 \
    STATE_DIR=/var/lib/aggregator
# The environment configures the service; so does a file that is mounted and named:
#   docker run … aggregator run -c /etc/aggregator/aggregator.config.ts
# Where it sets TLS or another port, the health check has to know it as well:
#   docker run … --health-cmd "aggregator healthcheck -c /etc/aggregator/aggregator.config.ts" …
# SQLite, the default sink, writes to the working directory, which is the volume.
WORKDIR /var/lib/aggregator
USER 10001:10001
VOLUME ["/var/lib/aggregator"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/aggregator", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/aggregator"]
CMD ["run"]
