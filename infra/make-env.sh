#!/bin/sh
# Writes .env with random passwords for docker-compose.yml, once: `sh infra/make-env.sh`. An existing file is left as it is.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo ".env exists already and is left as it is"
  exit 0
fi
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
for name in POSTGRES_PASSWORD REDIS_PASSWORD S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY GRAFANA_PASSWORD; do
  printf '%s=%s\n' "$name" "$(secret)"
done > .env
echo "wrote .env"
