FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /relay ./cmd/relay
RUN mkdir -m 700 /state

FROM scratch
COPY --from=build /relay /relay
COPY --from=build --chown=65532:65532 /state /state
# The relay's own certificates and its tokens' secret: a volume with a name keeps them.
ENV RELAY_STATE_DIR=/state
VOLUME /state
USER 65532:65532
EXPOSE 8080/tcp 8080/udp
ENTRYPOINT ["/relay"]
CMD ["serve"]
