#!/bin/sh
# Create the secrets of compose.yaml. It does not replace existing ones: another master key could not
# decrypt the signing keys.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "$PWD/secrets already exists. Keep it: without its master key the signing keys cannot be decrypted." >&2
    exit 1
fi

random() {
    python3 -c 'import secrets; print(secrets.token_urlsafe(32))'
}

# The containers run as other users, so the files are readable; the directory is not accessible to others.
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
# Create all of them or none.
mv "$making" secrets
echo "Created $PWD/secrets. Keep a copy of master-key in another place."
