#!/bin/sh
# Makes local stand-ins for the base images of the compose file, under their official names, from Debian's packages
# and the Node that runs the tests. For an engine of the tests' own only: never over somebody's real images.
#
# Usage: stand-ins.sh NODE_BINARY NPM_FOLDER [IMAGE]...; DOCKER_HOST names the engine. Without images: all of them.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
node=$1
npm=$2
shift 2
[ $# -gt 0 ] || set -- node:24-bookworm-slim redis:7 postgres:17
wanted=" $* "
# One at a time: two tests may want the same image.
exec 9>"${TMPDIR:-/tmp}/waggle-stand-ins.lock"
flock 9
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

has() { docker image inspect "$1" >/dev/null 2>&1; }
needs() { case "$wanted" in *" $1 "*) ! has "$1" ;; *) return 1 ;; esac; }
any() { needs node:24-bookworm-slim || needs redis:7 || needs postgres:17; }
build() { # build IMAGE FOLDER: plain instructions, legacy builder, the host's network
  DOCKER_BUILDKIT=0 docker build --quiet --network=host -t "$1" "$2" >/dev/null
}

if any && ! has debian:bookworm-slim; then
  echo "stand-in: debian:bookworm-slim"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$work/rootfs" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$work"/rootfs/var/cache/apt/archives/*.deb "$work"/rootfs/var/lib/apt/lists/*
  # Security updates and trust as on this machine: its own package sources and certificates.
  cp /etc/apt/sources.list.d/debian.sources "$work/rootfs/etc/apt/sources.list.d/" 2>/dev/null &&
    rm -f "$work/rootfs/etc/apt/sources.list" || true
  cp /etc/apt/apt.conf.d/*proxy* "$work/rootfs/etc/apt/apt.conf.d/" 2>/dev/null || true
  cp /etc/ssl/certs/ca-certificates.crt "$work/rootfs/etc/ssl/certs/"
  tar -C "$work/rootfs" -c . | docker import -c 'CMD ["bash"]' \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - debian:bookworm-slim >/dev/null
fi

if needs node:24-bookworm-slim; then
  echo "stand-in: node:24-bookworm-slim"
  mkdir "$work/node"
  cp "$node" "$work/node/node"
  if [ ! -d "$npm/node_modules/semver" ]; then
    # Debian's npm keeps what it needs elsewhere; npm's own package brings it along.
    version=$(sed -n 's/.*"packageManager": "npm@\([0-9.]*\)".*/\1/p' "$here/../../package.json")
    npm install --prefix "$work/npm" --ignore-scripts --no-audit --no-fund --loglevel=error "npm@$version" >&2
    npm=$work/npm/node_modules/npm
  fi
  cp -rL "$npm" "$work/node/npm"
  cat > "$work/node/Dockerfile" <<'D'
FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
  && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && ln -s node /usr/local/bin/nodejs
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
D
  build node:24-bookworm-slim "$work/node"
fi

! needs redis:7 || { echo "stand-in: redis:7"; build redis:7 "$here/stand-ins/redis"; }
! needs postgres:17 || { echo "stand-in: postgres:17"; build postgres:17 "$here/stand-ins/postgres"; }
