// One call of a client that no proxy variable of the machine reaches, and how it failed.
#pragma once

#include <string>
#include <utility>

#include "gtest/gtest.h"

#include "http/client.h"
#include "support/raw_server.h"

namespace pais::http {

inline Client direct() {
  return Client({.trust_environment = false});
}

// A request whose limits no test waits for, but the ones it sets itself.
inline ClientRequest post(std::string url) {
  return {.url = std::move(url),
          .body = "{}",
          .limits = {.connect = test::kPatience, .first_byte = test::kPatience, .idle = test::kPatience}};
}

inline Error failure(const Result<ClientResponse>& answer) {
  EXPECT_FALSE(answer) << "answered " << answer->status;
  return answer ? Error{} : answer.error();
}

}  // namespace pais::http
