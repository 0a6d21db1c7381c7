# voiceform as a container: docker build -t voiceform . && docker run --rm voiceform --help
FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY examples examples
COPY voiceform voiceform
RUN python -m venv /opt/voiceform \
 && /opt/voiceform/bin/pip install --no-cache-dir --disable-pip-version-check '.[dask,holidays,metrics,objectstore,postgres]'

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin voiceform \
 && install -d -o voiceform -g voiceform /stack
COPY --from=build /opt/voiceform /opt/voiceform
ENV PATH=/opt/voiceform/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /stack
ENTRYPOINT ["voiceform"]
CMD ["--help"]
