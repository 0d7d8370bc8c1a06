# The image of every service: docker build --build-arg SERVICE=logger .
# That of the command line: docker build --build-arg SERVICE=weir .
# That of the network of docker-compose-debug.yml: docker build --target network .

# What is taken from the repository, readable by anyone, whatever the umask of the clone.
FROM node:26-bookworm-slim AS source
WORKDIR /app
COPY . .
RUN chmod -R a+rX . && chmod a+x tools/healthcheck.sh

# What npm looks at: the layers that follow are made again only when one of these changes.
FROM source AS manifests
RUN find . -type f ! -name 'package*.json' ! -name .npmrc -delete && find . -type d -empty -delete

# The production dependencies of one workspace. No install scripts (.npmrc) and no compiler:
# better-sqlite3 brings its binaries, of which one is needed, and neither are its sources.
FROM node:26-bookworm-slim AS dependencies
ARG SERVICE
WORKDIR /app
COPY --from=manifests /app .
RUN --mount=type=cache,target=/var/cache/npm \
    npm ci --cache /var/cache/npm --omit=dev --workspace "@weir/$SERVICE" --include-workspace-root=false \
 && if [ -d node_modules/better-sqlite3 ]; then \
      find node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
      && rm -rf node_modules/better-sqlite3/src node_modules/better-sqlite3/deps; \
    fi

# The pages of the dashboard, the only part that is built; for all other services there is nothing to do.
FROM manifests AS pages
ARG SERVICE
RUN --mount=type=cache,target=/var/cache/npm \
    [ "$SERVICE" != dashboard ] || npm ci --cache /var/cache/npm --workspace @weir/dashboard --include-workspace-root=false
COPY --from=source /app .
RUN mkdir /built \
 && if [ "$SERVICE" = dashboard ]; then \
      node node_modules/vite/bin/vite.js build --config services/dashboard/vite.config.ts --outDir /built/services/dashboard/dist; \
    fi

# Of all that was installed, and of the repository, what it runs.
FROM dependencies AS tree
ARG SERVICE
COPY --from=source /app .
RUN node tools/production-tree.mjs "@weir/$SERVICE" /tree
COPY --from=pages /built /tree

# Node.js without its tools: nothing is installed in a running container.
FROM node:26-bookworm-slim AS without-tools
RUN cd /usr/local && rm -rf lib/node_modules include etc/npmrc share/doc share/man share/systemtap /opt/yarn* \
    bin/npm bin/npx bin/corepack bin/yarn bin/yarnpkg bin/docker-entrypoint.sh CHANGELOG.md README.md

# Copied as a whole: what was removed is not in a layer below either. All images share this one layer.
FROM scratch AS base
COPY --from=without-tools / /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NODE_ENV=production
WORKDIR /app

# A network that can be broken without unplugging a cable. It depends on nothing but Node.js.
FROM base AS network
COPY --from=source /app/packages/testkit/package.json /app/packages/testkit/src/network.ts \
    /app/packages/testkit/src/fault-proxy.ts ./
USER node
ENTRYPOINT ["node", "network.ts"]

FROM base
ARG SERVICE
ENV SERVICE=$SERVICE \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    NODE_COMPILE_CACHE=/app/.compile-cache
# A new volume takes over the owner of the folder that it is mounted on.
RUN mkdir /data /device /outbox .compile-cache && chown node:node /data /device /outbox .compile-cache
COPY --from=source /app/tools/healthcheck.sh /usr/local/bin/healthcheck
COPY --from=tree /tree .
RUN ln -s "$(realpath --relative-to . "node_modules/@weir/$SERVICE")/src/main.ts" main.ts
USER node
# Compiles every module once, into the cache; Node keeps one for each user id. The options, and
# those of malloc above, are those of packages/runtime/src/process.ts.
# The command line loads only what a command needs, and each docker compose up waits for its check.
RUN node --max-semi-space-size=4 --expose-gc main.ts --help >/dev/null \
 && if [ "$SERVICE" = weir ]; then node --max-semi-space-size=4 --expose-gc main.ts config check >/dev/null; fi
# As process 1 it handles SIGTERM, and waits for the one child that it may have; so it needs no init.
ENTRYPOINT ["node", "--max-semi-space-size=4", "--expose-gc", "main.ts"]
