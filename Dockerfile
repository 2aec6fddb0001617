# Sloop in two stages: pip and the sources stay behind, the environment goes on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/sloop
COPY requirements.lock ./
RUN /opt/sloop/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY slo ./slo
COPY alerts ./alerts
COPY dashboards ./dashboards
COPY app ./app
RUN /opt/sloop/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin sloop
COPY --from=build /opt/sloop /opt/sloop
ENV PATH=/opt/sloop/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/sloop
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["sloop"]
CMD ["serve"]
