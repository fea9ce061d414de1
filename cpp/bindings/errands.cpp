#include "bindings/errands.h"

#include <algorithm>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace pais::bindings {
namespace {

Error unavailable(std::string cause) {
  return {.code = Code::memory_unavailable, .cause = std::move(cause), .doing = "asking the agent's own memory"};
}

}  // namespace

Errands::Errands(std::chrono::milliseconds patience)
    : patience_(patience), bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Errands::~Errands() {
  if (bell_ >= 0) ::close(bell_);
}

Result<std::string> Errands::run(const std::string& method, std::string arguments) {
  Waiter waiter;
  std::unique_lock lock(mutex_);
  if (!open_) return unavailable("no loop runs it");
  const ErrandNumber number = ++last_;
  waiters_.emplace(number, &waiter);
  leave({.number = number, .method = method, .arguments = std::move(arguments)});
  waiter.answered.wait_for(lock, patience_, [&] { return waiter.answer.has_value(); });
  waiters_.erase(number);
  if (waiter.answer) return *std::move(waiter.answer);
  give_up(number);
  return unavailable("'" + method + "' did not answer in time");
}

void Errands::leave(Errand errand) {
  errands_.push_back(std::move(errand));
  ::eventfd_write(bell_, 1);
}

void Errands::give_up(ErrandNumber number) {
  const auto still_here = std::erase_if(errands_, [&](const Errand& errand) { return errand.number == number; });
  if (still_here == 0) leave({.number = number, .given_up = true});
}

std::vector<Errand> Errands::take() {
  eventfd_t rings = 0;
  ::eventfd_read(bell_, &rings);
  const std::scoped_lock lock(mutex_);
  return std::exchange(errands_, {});
}

void Errands::done(ErrandNumber number, std::string value) {
  answer(number, std::move(value));
}

void Errands::failed(ErrandNumber number, std::string cause) {
  answer(number, unavailable(std::move(cause)));
}

void Errands::answer(ErrandNumber number, Result<std::string> what) {
  const std::scoped_lock lock(mutex_);
  const auto waiter = waiters_.find(number);
  if (waiter == waiters_.end()) return;
  waiter->second->answer = std::move(what);
  waiter->second->answered.notify_one();
}

void Errands::open() {
  const std::scoped_lock lock(mutex_);
  open_ = true;
}

void Errands::close() {
  const std::scoped_lock lock(mutex_);
  open_ = false;
  errands_.clear();
  for (const auto& [number, waiter] : waiters_) {
    waiter->answer = unavailable("its loop has ended");
    waiter->answered.notify_one();
  }
}

}  // namespace pais::bindings
