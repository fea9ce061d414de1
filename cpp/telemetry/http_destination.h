// A collector that is spoken to by OTLP over HTTP.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "http/client.h"
#include "telemetry/delivery.h"

namespace pais::telemetry {

class HttpDestination : public Destination {
 public:
  struct Options {
    std::string name;
    std::string url;  // with its path
    http::Headers headers;
    OtlpForm form = OtlpForm::protobuf;
    bool gzip = false;
  };

  HttpDestination(Signal signal, std::shared_ptr<const http::Client> client, Options options)
      : signal_(signal), client_(std::move(client)), options_(std::move(options)) {}

  OtlpForm form() const override { return options_.form; }
  std::string name() const override { return options_.name; }
  Delivery deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) override;

 private:
  Delivery read(const http::ClientResponse& answer) const;

  const Signal signal_;
  const std::shared_ptr<const http::Client> client_;
  const Options options_;
};

}  // namespace pais::telemetry
