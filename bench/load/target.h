// What is asked, and of whom.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/socket.h"

namespace pais::bench {

struct Target {
  Endpoint server;
  std::string request;   // every byte of it, ready to be written
  std::size_t vary = 0;  // so many requests that differ in a number (load/wording.h); 0: all are the same
};

// `url` is http://host:port/path. With a body it is a POST of JSON, without one a GET.
Result<Target> target(std::string_view url, std::string_view body);

}  // namespace pais::bench
