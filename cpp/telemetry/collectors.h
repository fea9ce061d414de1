// From what a deployment says to where its telemetry goes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/settings.h"
#include "http/client.h"
#include "telemetry/delivery.h"
#include "telemetry/grpc_channel.h"

namespace pais::telemetry {

// Makes the destinations of the signals. Those that lead to one place share its connections, and want to be served by
// one thread. For one thread.
class Collectors {
 public:
  struct Way {
    std::string place;  // the same for destinations that share something
    std::unique_ptr<Destination> destination;
  };

  // Where `target` leads for `signal`. `invalid_setting` when that is nowhere, said without the address's secrets.
  // Headers that cannot be sent are named in the log and left out.
  Result<Way> open(Signal signal, const OtlpTarget& target);

 private:
  Result<Way> open_grpc(Signal signal, const OtlpTarget& target);
  Result<Way> open_http(Signal signal, const OtlpTarget& target);

  std::map<std::string, std::shared_ptr<GrpcChannel>> channels_;
  std::map<std::string, std::shared_ptr<const http::Client>> clients_;
};

}  // namespace pais::telemetry
