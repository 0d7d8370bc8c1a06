# The image of every service: docker build --build-arg SERVICE=logger .

# What is taken from the repository, readable by anyone, whatever the umask of the clone.
FROM node:26-bookworm-slim AS source
WORKDIR /app
COPY . .
RUN chmod -R a+rX . && chmod a+x tools/healthcheck.sh

# What npm looks at: the layers that follow are made again only when one of these changes.
FROM source AS manifests
RUN find . -type f ! -name 'package*.json' ! -name .npmrc -delete && find . -type d -empty -delete

# The production dependencies of one service. No install scripts (.npmrc) and no compiler:
# better-sqlite3 brings its binaries, of which one is needed, and neither are its sources.
FROM node:26-bookworm-slim AS dependencies
ARG SERVICE
WORKDIR /app
COPY --from=manifests /app .
RUN --mount=type=cache,target=/var/cache/npm \
    npm ci --cache /var/cache/npm --omit=dev --workspace "services/$SERVICE" --include-workspace-root=false \
 && if [ -d node_modules/better-sqlite3 ]; then \
      find node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
      && rm -rf node_modules/better-sqlite3/src node_modules/better-sqlite3/deps; \
    fi

FROM node:26-bookworm-slim
ARG SERVICE
ENV NODE_ENV=production \
    SERVICE=$SERVICE \
    MALLOC_ARENA_MAX=2 \
    NODE_COMPILE_CACHE=/app/.compile-cache
WORKDIR /app
# A new volume takes over the owner of the folder that it is mounted on.
RUN mkdir /data .compile-cache && chown node:node /data .compile-cache
COPY --from=source /app/tools/healthcheck.sh /usr/local/bin/healthcheck
COPY --from=dependencies /app .
COPY --from=source /app/packages packages
COPY --from=source /app/services/$SERVICE services/$SERVICE
RUN ln -s "services/$SERVICE/src/main.ts" main.ts
USER node
# Compiles every module once, into the cache; Node keeps one for each user id. The option, and
# MALLOC_ARENA_MAX above, are those of packages/service/src/node-options.ts.
RUN node --max-semi-space-size=8 main.ts --help >/dev/null
# As process 1 it handles SIGTERM, and waits for the one child that it may have; so it needs no init.
ENTRYPOINT ["node", "--max-semi-space-size=8", "main.ts"]
