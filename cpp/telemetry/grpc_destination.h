// A collector that is spoken to by OTLP over gRPC.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "telemetry/delivery.h"
#include "telemetry/grpc_channel.h"

namespace pais::telemetry {

class GrpcDestination : public Destination {
 public:
  struct Options {
    std::string name;
    http::Headers metadata;
    bool gzip = false;
  };

  // The channel is shared with the destinations of other signals, on the same thread.
  GrpcDestination(Signal signal, std::shared_ptr<GrpcChannel> channel, Options options)
      : signal_(signal), channel_(std::move(channel)), options_(std::move(options)) {}

  OtlpForm form() const override { return OtlpForm::protobuf; }
  std::string name() const override { return options_.name; }
  Delivery deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) override;

 private:
  const Signal signal_;
  const std::shared_ptr<GrpcChannel> channel_;
  const Options options_;
};

}  // namespace pais::telemetry
