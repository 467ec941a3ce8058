# The program is compiled here, or was compiled before: a release sets PROGRAM=released, so that its archives and its
# image hold the same bytes.
ARG PROGRAM=compiled

# The compiler runs on the builder's platform and compiles for the image's: nothing is emulated.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS compiled
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
ARG REVISION=
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS="$TARGETOS" GOARCH="$TARGETARCH" make build VERSION="$VERSION" REVISION="$REVISION" && \
    touch --date="@$SOURCE_DATE_EPOCH" bin/litellm-reconciler

FROM scratch AS released
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/litellm-reconciler /src/bin/litellm-reconciler

FROM $PROGRAM AS program

# No shell and no package manager, but certificates, time zones, and the user nonroot (65532).
FROM gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab
ARG VERSION=dev
ARG REVISION=
LABEL org.opencontainers.image.title="litellm-reconciler" \
      org.opencontainers.image.description="Gives LiteLLM's teams the MCP servers that their access groups grant" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV PATH=/usr/local/bin:/usr/bin:/bin
COPY LICENSE /licenses/LICENSE
COPY --from=program /src/bin/litellm-reconciler /usr/local/bin/litellm-reconciler
USER 65532:65532
EXPOSE 9464
ENTRYPOINT ["/usr/local/bin/litellm-reconciler"]
