# The image of Hubbub: one program, the libraries it loads, nothing else.
#
#   docker build --build-arg COMMIT="$(git rev-parse --short=12 HEAD)" -t hubbub .
#
# The base is the official image of the very Bun that Hubbub is tested with, by its version. What it
# holds is only used to build. To build from one certain image, name its digest:
#   --build-arg BUN_IMAGE=docker.io/oven/bun@sha256:...
ARG BUN_IMAGE=docker.io/oven/bun:1.4.5-slim

FROM ${BUN_IMAGE} AS build
WORKDIR /hubbub
# First what changes seldom, so that the packages are fetched again only when they change.
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile
COPY . .
ARG COMMIT=unknown
RUN bun build/program.ts --commit "${COMMIT}" && bun build/root_folder.ts dist/hubbub /root-folder

FROM scratch
COPY --from=build /root-folder /
# Only numbers are told from the root by whoever demands that an image does not run as root.
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV PATH=/usr/local/bin \
    HUBBUB_HOST=0.0.0.0 \
    HUBBUB_DATA=/data/hubbub.db \
    HUBBUB_LOG_FORMAT=json
EXPOSE 4000
# Stopping takes at most HUBBUB_STOP_SECONDS, 5, of the 10 that Docker waits.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/hubbub", "health"]
ENTRYPOINT ["/usr/local/bin/hubbub"]
CMD ["serve"]
