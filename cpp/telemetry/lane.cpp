#include "telemetry/lane.h"

#include <algorithm>
#include <random>

#include "base/log.h"

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Verdict = Delivery::Verdict;

constexpr std::string_view kLogger = "pais.telemetry";

unsigned bit(Signal signal) {
  return 1U << static_cast<unsigned>(signal);
}

milliseconds about(milliseconds span) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(
      static_cast<std::int64_t>(static_cast<double>(span.count()) * std::uniform_real_distribution(0.8, 1.2)(random)));
}

}  // namespace

std::string_view name_of(Signal signal) {
  switch (signal) {
    case Signal::metrics:
      return "metrics";
    case Signal::logs:
      return "logs";
    case Signal::traces:
      break;
  }
  return "traces";
}

void Reachability::is_away(Signal signal, const std::string& where, const std::string& cause) {
  const bool was_there = away_ == 0;
  away_ |= bit(signal);
  if (!was_there) return;
  log::warning(kLogger, "Telemetry does not reach " + where + " (" + cause +
                            "); it is tried again, and what there is no room for is dropped and counted");
}

void Reachability::is_there(Signal signal, const std::string& where) {
  if (away_ == 0) return;
  away_ &= ~bit(signal);
  if (away_ == 0) log::warning(kLogger, "Telemetry reaches " + where + " again");
}

Moment Lane::due() const {
  const Moment wanted = pending_ ? Moment{} : supply_->due();
  return std::max(wanted, not_before_);
}

bool Lane::load() {
  if (pending_) return true;
  auto batch = supply_->next(destination_->form());
  if (!batch) return false;
  pending_ = Pending{.batch = *std::move(batch), .end = http::deadline_in(options_.batch_timeout)};
  return true;
}

void Lane::step(const std::stop_token& stop) {
  if (load()) attempt(pending_->end, stop);
}

bool Lane::flush(http::Deadline deadline, const std::stop_token& stop) {
  supply_->hurry();
  while (load()) {
    if (steady_clock::now() >= deadline || !attempt(deadline, stop)) return false;
  }
  return true;
}

bool Lane::attempt(http::Deadline deadline, const std::stop_token& stop) {
  const Delivery delivery =
      destination_->deliver(pending_->batch.body, std::min(deadline, http::deadline_in(options_.timeout)), stop);
  if (delivery.verdict == Verdict::later) {
    if (stop.stop_requested()) return false;
    reachability_->is_away(options_.signal, destination_->name(), delivery.cause);
    wait_after(delivery);
    return false;
  }
  reachability_->is_there(options_.signal, destination_->name());
  pause_ = milliseconds(0);
  not_before_ = Moment{};
  const std::size_t items = pending_->batch.items;
  let_go();
  if (delivery.verdict == Verdict::refused) {
    drop(items);
    complain(destination_->name() + " refuses " + std::string(name_of(options_.signal)), delivery.cause);
    return true;
  }
  taken(delivery);
  return true;
}

void Lane::taken(const Delivery& delivery) {
  if (delivery.rejected <= 0 && delivery.cause.empty()) {
    complained_ = false;
    return;
  }
  if (delivery.rejected > 0) drop(static_cast<std::size_t>(delivery.rejected));
  const std::string share = delivery.rejected > 0 ? std::to_string(delivery.rejected) + " items of" : "complains of";
  complain(destination_->name() + (delivery.rejected > 0 ? " refuses " : " ") + share + " " +
               std::string(name_of(options_.signal)),
           delivery.cause);
}

// A batch whose time is up before it could be tried again is given up; the pause is kept all the same.
void Lane::wait_after(const Delivery& delivery) {
  pause_ = pause_ == milliseconds(0) ? options_.patience.first : std::min(2 * pause_, options_.patience.most);
  const auto now = steady_clock::now();
  not_before_ = now + std::max(about(pause_), delivery.wait.value_or(milliseconds(0)));
  if (not_before_ < pending_->end) return;
  drop(pending_->batch.items);
  let_go();
}

void Lane::let_go() {
  supply_->done_with(std::move(pending_->batch));
  pending_.reset();
}

std::size_t Lane::give_up() {
  const std::size_t lost = supply_->waiting() + (pending_ ? pending_->batch.items : 0);
  drop(lost);
  pending_.reset();
  return lost;
}

void Lane::drop(std::size_t items) {
  dropped_.add(items);
}

void Lane::complain(const std::string& what, const std::string& cause) {
  if (std::exchange(complained_, true)) return;
  log::warning(kLogger, what + (cause.empty() ? "" : ": " + cause) + "; they are dropped and counted");
}

}  // namespace pais::telemetry
