FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /relay ./cmd/relay

FROM scratch
COPY --from=build /relay /relay
USER 65532:65532
EXPOSE 8080/tcp 8080/udp
ENTRYPOINT ["/relay"]
CMD ["serve"]
