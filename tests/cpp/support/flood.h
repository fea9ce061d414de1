// A stream that is written as fast as its client reads, in a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "http/server.h"
#include "support/eventually.h"
#include "support/signal.h"

namespace pais::test {

class Flood {
 public:
  static constexpr std::size_t kEvents = 256;

  static const std::string& event() {
    static const std::string text = "data: " + std::string(64 * 1024, 'a') + "\n\n";
    return text;
  }

  explicit Flood(std::shared_ptr<http::Exchange> exchange)
      : writer_([this, exchange = std::move(exchange)] {
          http::EventStream* const events = exchange->stream({});
          while (written_ < kEvents && events->write(event())) ++written_;
          exchange->finish();
          ended_.raise();
        }) {}

  // Until it gets no further: the kernel's buffers and ours are full, or it is through.
  std::size_t wait_until_it_stands() {
    using namespace std::chrono_literals;
    std::size_t before = 0;
    do {
      before = written_;
    } while (before < kEvents && eventually([&] { return written_ > before; }, 300ms));
    return before;
  }

  std::size_t written() const { return written_; }
  bool wait_for_its_end() { return ended_.wait(); }

 private:
  std::atomic<std::size_t> written_{0};
  Signal ended_;
  std::jthread writer_;
};

}  // namespace pais::test
