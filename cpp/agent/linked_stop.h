// A stop of one's own that also comes when an outer one does.
#pragma once

#include <stop_token>
#include <utility>

namespace pais::agent {

class LinkedStop {
 public:
  explicit LinkedStop(std::stop_token outer) : link_(std::move(outer), Relay{source_}) {}

  bool came() const { return source_.stop_requested(); }
  void request() { source_.request_stop(); }
  std::stop_token token() const { return source_.get_token(); }
  const std::stop_source& source() const { return source_; }

 private:
  struct Relay {
    std::stop_source to;
    void operator()() { to.request_stop(); }
  };

  std::stop_source source_;
  std::stop_callback<Relay> link_;
};

}  // namespace pais::agent
