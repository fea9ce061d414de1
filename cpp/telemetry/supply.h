// What there is to send of one signal: a queue of things that happened, or numbers to look at now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/otlp.h"

namespace pais::telemetry {

using Moment = std::chrono::steady_clock::time_point;

inline constexpr Moment kNever = Moment::max();

// One request, ready to go.
struct Batch {
  std::string body;
  std::size_t items = 0;
};

class Supply {
 public:
  virtual ~Supply() = default;

  // When the next batch should go; kNever while there is none.
  virtual Moment due() const = 0;
  // The next batch, due or not; nothing when there is none.
  virtual std::optional<Batch> next(OtlpForm form) = 0;
  // Asks `next` for what there would be if it were due now.
  virtual void hurry() {}
  // How many items wait.
  virtual std::size_t waiting() const = 0;
};

std::size_t bytes_of(const Span& span);
std::size_t bytes_of(const LogRecord& record);

struct QueueLimits {
  std::chrono::milliseconds delay{5'000};  // from the first item of a batch to its going
  std::size_t items = 2048;                // that may wait
  std::size_t batch_items = 512;
  std::size_t bytes = 16 * 1024 * 1024;       // that may wait, about
  std::size_t batch_bytes = 3 * 1024 * 1024;  // about; what gRPC servers take at once is 4 MiB
};

// Spans or log records, in the order they came. From any thread; `next` is for one.
template <typename Item>
class SignalQueue : public Supply {
 public:
  SignalQueue(std::shared_ptr<const Source> source, QueueLimits limits) : source_(std::move(source)), limits_(limits) {}

  enum class Pushed { dropped, kept, kept_and_due };

  // `kept_and_due` also for the first one of a batch: whoever sends has to look at `due` again.
  Pushed push(Item item) {
    const std::size_t size = bytes_of(item);
    const std::scoped_lock lock(mutex_);
    if (items_.size() >= limits_.items || bytes_ + size > limits_.bytes) return Pushed::dropped;
    items_.push_back(std::move(item));
    bytes_ += size;
    if (items_.size() == 1) since_ = std::chrono::steady_clock::now();
    return items_.size() == 1 || items_.size() == limits_.batch_items ? Pushed::kept_and_due : Pushed::kept;
  }

  Moment due() const override {
    const std::scoped_lock lock(mutex_);
    if (items_.empty()) return kNever;
    return items_.size() >= limits_.batch_items ? since_ : since_ + limits_.delay;
  }

  std::optional<Batch> next(OtlpForm form) override {
    const std::vector<Item> items = take();
    if (items.empty()) return std::nullopt;
    return Batch{.body = encode(form, *source_, std::span<const Item>(items)), .items = items.size()};
  }

  std::size_t waiting() const override {
    const std::scoped_lock lock(mutex_);
    return items_.size();
  }

 private:
  std::vector<Item> take() {
    std::vector<Item> taken;
    std::size_t bytes = 0;
    const std::scoped_lock lock(mutex_);
    while (!items_.empty() && taken.size() < limits_.batch_items) {
      const std::size_t size = bytes_of(items_.front());
      if (!taken.empty() && bytes + size > limits_.batch_bytes) break;
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
      bytes += size;
    }
    bytes_ -= bytes;
    since_ = std::chrono::steady_clock::now();
    return taken;
  }

  const std::shared_ptr<const Source> source_;
  const QueueLimits limits_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<Item> items_;
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
