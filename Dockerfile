# Ensemble as an image: one static binary with the web client inside.

FROM node:24-bookworm-slim AS node

FROM golang:1.26-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
# What changes least comes first, so that it is fetched once.
COPY go.mod go.sum ./
RUN go mod download
COPY webclient/package.json webclient/package-lock.json webclient/
RUN cd webclient && npm ci --no-audit --no-fund
COPY . .
RUN scripts/build.sh

FROM alpine:3.22
RUN addgroup -S -g 10001 ensemble && adduser -S -u 10001 -G ensemble -H -h / ensemble
COPY --from=build /src/bin/ensemble /usr/local/bin/ensemble
USER ensemble
EXPOSE 8420/tcp 8421/udp
CMD ["ensemble", "serve"]
