#!/bin/sh
# Makes the credentials that the services share, once; a later start keeps them. Lies in a volume of its own,
# which only the services that need it mount.
set -eu
folder=${1:-/credentials}

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # keep NAME VALUE: writes the file unless it is there
  [ -s "$folder/$1" ] && return 0
  printf '%s' "$2" > "$folder/$1.new"
  chmod 0444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

keep worker-secret "$(random)"
keep secret-key "$(random)"
keep redis-password "$(random)"
keep postgres-password "$(random)"
keep redis-url "redis://:$(cat "$folder/redis-password")@redis:6379"
keep database-url "postgres://waggle:$(cat "$folder/postgres-password")@postgres:5432/waggle"
keep redis.conf "$(printf 'requirepass %s\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\ndir /data\n' "$(cat "$folder/redis-password")")
"
echo "credentials are in $folder"
