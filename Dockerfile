# syntax=docker/dockerfile:1
# Three stages: the packages, the browser pages, and an image with neither pip's nor npm's leavings in it.

FROM python:3.13-slim-bookworm AS packages
WORKDIR /srv/lockstep
COPY requirements/run.txt requirements/
RUN python -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps --only-binary=:all: \
    -r requirements/run.txt \
 && .venv/bin/python -m pip uninstall --yes pip

FROM python:3.13-slim-bookworm AS pages
WORKDIR /srv/lockstep
COPY web web
RUN python -m venv .venv && .venv/bin/python web/build.py

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv/lockstep --shell /usr/sbin/nologin lockstep \
 && install -d -o lockstep -g lockstep -m 0700 /var/lib/lockstep
WORKDIR /srv/lockstep
COPY --from=packages /srv/lockstep/.venv .venv
COPY --from=pages /srv/lockstep/web/dist web/dist
COPY alembic alembic
COPY app app
COPY schema schema
COPY lockstep lockstep
ENV PATH=/srv/lockstep/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOCKSTEP_HOST=0.0.0.0 \
    LOCKSTEP_DATA_DIR=/var/lib/lockstep
# The signing key is here; without a volume, everybody signs in anew after each deployment.
VOLUME /var/lib/lockstep
USER lockstep
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('LOCKSTEP_PORT', 8000)}/health/ready\", timeout=2)"]
ENTRYPOINT ["python", "-m", "lockstep"]
CMD ["serve"]
