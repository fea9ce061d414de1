// What the bodies of all requests at hand may take of memory together.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace pais::http {

// From any thread.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t most) : most_(most) {}  // 0: no limit
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  // False, and nothing is taken, when that would be too much.
  bool take(std::size_t bytes) {
    const std::size_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
    if (most_ == 0 || before + bytes <= most_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> held_{0};
};

// What one body has taken of it so far, given back with its request. The budget outlives it.
class BodyShare {
 public:
  BodyShare() = default;  // of no budget: as much as comes
  explicit BodyShare(BodyBudget& budget) : budget_(&budget) {}
  BodyShare(BodyShare&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyShare& operator=(BodyShare&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BodyShare() {
    if (budget_ != nullptr) budget_->give_back(bytes_);
  }

  bool grow(std::size_t bytes) {
    if (budget_ == nullptr) return true;
    if (!budget_->take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }

 private:
  BodyBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace pais::http
