#!/bin/sh
# As the official image: options alone start redis-server, as the user redis.
set -eu
case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  chown redis:redis /data
  exec setpriv --reuid=redis --regid=redis --clear-groups "$@" --protected-mode no --bind '*'
fi
exec "$@"
