#include "host/health_check.h"

#include <chrono>
#include <string>

#include "http/client.h"

namespace pais::host {

bool is_healthy(int port) {
  constexpr auto kPatience = std::chrono::milliseconds(2'000);
  const http::Client client({.trust_environment = false});
  const auto reply = client.send({.method = "GET",
                                  .url = "http://127.0.0.1:" + std::to_string(port) + "/health",
                                  .limits = {.connect = kPatience, .first_byte = kPatience, .total = kPatience}});
  return reply && reply->status == 200;
}

}  // namespace pais::host
