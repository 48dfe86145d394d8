#!/bin/sh
# Make the secrets of compose.yaml, once. What is there already stays: a second master key opens nothing.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "$PWD/secrets is there already; keep it: without its master key nothing opens the signing keys" >&2
    exit 1
fi

random() {
    python3 -c 'import secrets; print(secrets.token_urlsafe(32))'
}

# The containers' users are not yours, so the files are readable; the folder is what keeps others out.
umask 022
making=$(mktemp -d secrets.XXXXXX)
postgres=$(random) valkey=$(random)
echo "$postgres" > "$making/postgres-password"
echo "postgresql+psycopg://watchword:$postgres@postgres/watchword" > "$making/database"
echo "valkey://:$valkey@valkey:6379/0" > "$making/valkey"
cat > "$making/valkey.conf" <<CONFIGURATION
requirepass $valkey
dir /data
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
CONFIGURATION
random > "$making/master-key"
random > "$making/metrics-token"
# All of them or none.
mv "$making" secrets
echo "Made $PWD/secrets. Keep a copy of master-key somewhere else."
