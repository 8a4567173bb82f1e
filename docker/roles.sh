#!/bin/sh
# Run once by the PostgreSQL image on an empty volume: the owner, whom migrations run as, and the service's role,
# which owns nothing and can bypass nothing. Migrations grant it what it needs.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$LOCKSTEP_OWNER_PASSWORD" --set=service_password="$LOCKSTEP_SERVICE_PASSWORD" <<'SQL'
CREATE ROLE lockstep_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE PASSWORD :'owner_password';
CREATE ROLE lockstep_service LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'service_password';
CREATE DATABASE lockstep OWNER lockstep_owner;
REVOKE ALL ON DATABASE lockstep FROM PUBLIC;
GRANT CONNECT ON DATABASE lockstep TO lockstep_service;
SQL
