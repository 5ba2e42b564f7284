# Turnkeeper's image. Stages: build (compiler and development tools), test-client (sipp and the end-to-end harness), and
# the last one, which is what runs. `docker build .` makes the last; docker-compose.yml builds what it needs.

FROM node:20.20.2-bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/turnkeeper
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
RUN node scripts/setup.mjs --no-build
COPY . .
RUN node scripts/setup.mjs

# Plays a call against the stack: see docker-compose.yml, profile `test`.
FROM build AS test-client
RUN apt-get update \
 && apt-get install -y --no-install-recommends sip-tester \
 && rm -rf /var/lib/apt/lists/*
CMD ["node_modules/.bin/tsx", "test/e2e/stack/demo-call.ts"]

FROM build AS production-modules
RUN npm prune --omit=dev --ignore-scripts

FROM node:20.20.2-bookworm-slim
# tini reaps children and passes signals on, so that SIGTERM ends calls in order.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/turnkeeper
ENV NODE_ENV=production \
    TURNKEEPER_DATA=/var/lib/turnkeeper \
    TURNKEEPER_HTTP_HOST=0.0.0.0
COPY --from=production-modules /srv/turnkeeper/node_modules ./node_modules
COPY --from=build /srv/turnkeeper/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY flows ./flows
COPY demo ./demo
RUN install -d -o node -g node -m 0700 /var/lib/turnkeeper \
 && install -d -o node -g node -m 0755 /srv/turnkeeper/recordings \
 && ln -s /srv/turnkeeper/bin/turnkeeper.mjs /usr/local/bin/turnkeeper
USER node
VOLUME /var/lib/turnkeeper
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/api/v1/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
