// One signal on its way to one destination: batches, second tries, and what is given up.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "telemetry/delivery.h"
#include "telemetry/metrics.h"
#include "telemetry/supply.h"

namespace pais::telemetry {

std::string_view name_of(Signal signal);  // "traces"

// Waiting between tries: doubled each time from `first` to `most`, give or take a fifth.
struct Patience {
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds most{10'000};
};

// What is known of a place where several lanes lead to. It says in the log that the place is away when the first lane
// finds it so, and that it is back when none does any more. For the thread of those lanes.
class Reachability {
 public:
  void is_away(Signal signal, const std::string& where, const std::string& cause);
  void is_there(Signal signal, const std::string& where);

 private:
  unsigned away_ = 0;  // a bit for each signal
};

// For one thread.
class Lane {
 public:
  struct Options {
    Signal signal;
    std::chrono::milliseconds timeout{10'000};        // of one try; 0: none
    std::chrono::milliseconds batch_timeout{30'000};  // of a batch with all its tries; 0: none
    Patience patience = {};
  };

  Lane(Options options, std::shared_ptr<Supply> supply, std::unique_ptr<Destination> destination,
       std::shared_ptr<Reachability> reachability, Counter& dropped)
      : options_(options),
        supply_(std::move(supply)),
        destination_(std::move(destination)),
        reachability_(std::move(reachability)),
        dropped_(dropped) {}

  // When there will be something to do; kNever: not before more comes in.
  Moment due() const;
  // One try of one batch.
  void step(const std::stop_token& stop);
  // Everything that is there, one try each; false when a try fails, or the time is up.
  bool flush(http::Deadline deadline, const std::stop_token& stop);
  // Counts as dropped what is still there. How many that were.
  std::size_t give_up();

 private:
  struct Pending {
    Batch batch;
    http::Deadline end;
  };

  bool load();
  // Whether the batch is through with, one way or the other, and the place still there.
  bool attempt(http::Deadline deadline, const std::stop_token& stop);
  void wait_after(const Delivery& delivery);
  void taken(const Delivery& delivery);
  void let_go();
  void drop(std::size_t items);
  void complain(const std::string& what, const std::string& cause);

  const Options options_;
  std::shared_ptr<Supply> supply_;
  std::unique_ptr<Destination> destination_;
  std::shared_ptr<Reachability> reachability_;
  Counter& dropped_;
  std::optional<Pending> pending_;
  Moment not_before_{};  // whatever is due: the place has asked for, or earned, a pause
  std::chrono::milliseconds pause_{0};
  bool complained_ = false;  // of what it refuses
};

}  // namespace pais::telemetry
