// What there is to send of one signal: a queue of things that happened, or numbers to look at now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/bytes.h"
#include "telemetry/otlp.h"

namespace pais::telemetry {

using Moment = std::chrono::steady_clock::time_point;

inline constexpr Moment kNever = Moment::max();

// One request, ready to go, in pieces that follow each other.
struct Batch {
  std::vector<Bytes> body;
  std::size_t items = 0;
};

class Supply {
 public:
  virtual ~Supply() = default;

  // When the next batch should go; kNever while there is none.
  virtual Moment due() const = 0;
  // The next batch, due or not; nothing when there is none.
  virtual std::optional<Batch> next(OtlpForm form) = 0;
  // One that came from here is through with: its room may serve another.
  virtual void done_with(Batch&& /*batch*/) {}
  // Asks `next` for what there would be if it were due now.
  virtual void hurry() {}
  // How many items wait.
  virtual std::size_t waiting() const = 0;
};

struct QueueLimits {
  std::chrono::milliseconds delay{5'000};  // from the first item of a batch to its going
  std::size_t items = 2048;                // that may wait
  std::size_t batch_items = 512;
  std::size_t bytes = 16 * 1024 * 1024;       // that may wait, about
  std::size_t batch_bytes = 3 * 1024 * 1024;  // about; what gRPC servers take at once is 4 MiB
};

// Spans or log records, put together as they come into the requests that they will go in. From any thread; `next` is
// for one.
class SignalQueue : public Supply {
 public:
  SignalQueue(Signal signal, std::shared_ptr<const Source> source, QueueLimits limits)
      : signal_(signal), source_(std::move(source)), limits_(limits) {}

  enum class Pushed { dropped, kept, kept_and_due };

  // `item` is one message, encoded. `kept_and_due` also for the first one of a batch: whoever sends looks at `due`
  // again.
  Pushed push(const Scope& scope, std::string_view item);

  Moment due() const override;
  std::optional<Batch> next(OtlpForm form) override;
  void done_with(Batch&& batch) override;
  std::size_t waiting() const override;

 private:
  struct Packet {
    std::vector<OfScope> scopes = {};
    std::size_t items = 0;
    std::size_t bytes = 0;
  };

  Packet& open_packet(std::size_t more);
  bool is_full(const Packet& packet, std::size_t more) const;
  Bytes spare();

  static constexpr std::size_t kMostSpares = 4;
  static constexpr std::size_t kLeastSpare = 4 * 1024;  // the head of a request is not worth keeping

  const Signal signal_;
  const std::shared_ptr<const Source> source_;
  const QueueLimits limits_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<Packet> packets_;
  // Room that batches had which have gone, for the next ones: whichever thread happens to tell would else leave a hole
  // in its own part of the heap.
  std::vector<Bytes> spares_;
  std::size_t items_ = 0;
  std::size_t bytes_ = 0;
  Moment since_{};  // when the first one came, or the last batch went
};

// The numbers of a Metrics, every now and then. For one thread.
class MetricsSupply : public Supply {
 public:
  MetricsSupply(std::shared_ptr<const Source> source, const Metrics& metrics, std::chrono::milliseconds interval)
      : source_(std::move(source)),
        metrics_(metrics),
        interval_(interval),
        due_(std::chrono::steady_clock::now() + interval) {}

  Moment due() const override { return due_; }
  std::optional<Batch> next(OtlpForm form) override;
  void hurry() override { due_ = std::chrono::steady_clock::now(); }
  std::size_t waiting() const override { return 0; }

 private:
  const std::shared_ptr<const Source> source_;
  const Metrics& metrics_;
  const std::chrono::milliseconds interval_;
  Moment due_;
};

}  // namespace pais::telemetry
