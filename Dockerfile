# podmedic's image: one static program, and nothing else.
#   docker build -t podmedic .       builds it from source, with the network
#   deploy/image.sh                  the same image from build/release/podmedic, with neither network nor daemon

FROM debian:12 AS build
RUN apt-get update && apt-get install --yes --no-install-recommends \
      ca-certificates cmake curl g++ ninja-build \
      libboost1.81-dev libc-ares-dev libcli11-dev libfmt-dev libnghttp2-dev libspdlog-dev libssl-dev libyaml-cpp-dev \
      nlohmann-json3-dev zlib1g-dev
COPY CMakeLists.txt /source/
COPY base /source/base
COPY deploy/presets /source/deploy/presets
COPY deploy/sidecar.yaml /source/deploy/sidecar.yaml
COPY hooks /source/hooks
COPY k8s /source/k8s
COPY probes /source/probes
COPY supervisor /source/supervisor
RUN cmake -G Ninja -S /source -B /release -DCMAKE_BUILD_TYPE=MinSizeRel -DPODMEDIC_TESTS=OFF && \
    ninja -C /release podmedic && \
    mkdir /image && install -m 0711 /release/podmedic /image/podmedic

FROM scratch AS final
LABEL org.opencontainers.image.title="podmedic" \
      org.opencontainers.image.description="An in-Pod supervisor sidecar for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
# No CA bundle: the API server is verified against the Pod's own ca.crt, and a probe names the file that it trusts.
# Mode 0711: what its user cannot read, that user's other processes cannot look into. Containers of the same user that share
# the Pod's processes would find podmedic's token in /proc/PID/root.
COPY --from=build /image/podmedic /podmedic
USER 65532:65532
ENTRYPOINT ["/podmedic"]
