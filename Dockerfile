# One image for every process of Waggle: `waggle api`, `waggle worker`, and the command line.
# Plain instructions only, so that the legacy builder, BuildKit and builders without a registry all take it.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Each workspace's manifest alone: a change of the sources keeps this layer.
COPY packages/domain/package.json packages/domain/
COPY packages/config/package.json packages/config/
COPY packages/contract/package.json packages/contract/
COPY packages/pipeline/package.json packages/pipeline/
COPY packages/control/package.json packages/control/
COPY packages/convert/package.json packages/convert/
COPY packages/runtime/package.json packages/runtime/
COPY packages/secrets/package.json packages/secrets/
COPY packages/store/package.json packages/store/
COPY packages/redis/package.json packages/redis/
COPY packages/queue/package.json packages/queue/
COPY packages/logs/package.json packages/logs/
COPY packages/scm/package.json packages/scm/
COPY packages/extensions/package.json packages/extensions/
COPY packages/telemetry/package.json packages/telemetry/
COPY packages/engine-docker/package.json packages/engine-docker/
COPY packages/engine-exec/package.json packages/engine-exec/
COPY packages/testkit/package.json packages/testkit/
COPY apps/api/package.json apps/api/
COPY apps/worker/package.json apps/worker/
COPY apps/cli/package.json apps/cli/
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund -w @waggle/api -w @waggle/worker -w @waggle/cli

FROM node:24-bookworm-slim AS waggle
# git reads manifests of plain git repositories; jsonnet converts those that are programs.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends git ca-certificates jsonnet \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY packages packages
COPY apps apps
COPY docker docker
# What was stripped and compiled is stored, for root (workers) and for node (the API) apart, since Node keeps it by user:
# it saves a third of a start's processor time and 15 MB of each process. One file that is missing brings the type
# stripper back, so the entry runs too. The folder stays open to node: another model of processor has its own store.
# Only what others cannot read is changed: a change of a file's mode stores the whole file again.
# The folders of the named volumes are made here, so that a new volume belongs to the user that the processes run as.
RUN node apps/cli/src/store-code.ts && node apps/cli/src/main.ts --version && mkdir -p /data /credentials \
  && chown node:node /data /credentials "$NODE_COMPILE_CACHE" \
  && find /app ! -perm -a=r -exec chmod a+r {} + && find /app -type d ! -perm -a=x -exec chmod a+x {} +
USER node
RUN node apps/cli/src/store-code.ts && node apps/cli/src/main.ts --version
EXPOSE 8080
ENTRYPOINT ["node", "/app/apps/cli/src/main.ts"]
CMD ["--help"]
