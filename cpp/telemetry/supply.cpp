#include "telemetry/supply.h"

#include <algorithm>

namespace pais::telemetry {
namespace {

// In the form that is wanted, what is protobuf.
std::vector<Bytes> in(OtlpForm form, Signal signal, std::vector<Bytes> body) {
  if (form == OtlpForm::protobuf) return body;
  std::vector<Bytes> json;
  json.emplace_back(to_json(signal, joined(body)));
  return json;
}

}  // namespace

SignalQueue::Pushed SignalQueue::push(const Scope& scope, std::string_view item) {
  const std::scoped_lock lock(mutex_);
  if (items_ >= limits_.items || bytes_ + item.size() > limits_.bytes) return Pushed::dropped;
  Packet& packet = open_packet(item.size());
  auto place = std::ranges::find(packet.scopes, scope, &OfScope::scope);
  if (place == packet.scopes.end()) place = packet.scopes.insert(place, {.scope = scope, .items = spare()});
  append_item(place->items, item);
  packet.bytes += item.size();
  bytes_ += item.size();
  if (++items_ == 1) since_ = std::chrono::steady_clock::now();
  return ++packet.items == 1 || is_full(packet, 0) ? Pushed::kept_and_due : Pushed::kept;
}

SignalQueue::Packet& SignalQueue::open_packet(std::size_t more) {
  if (packets_.empty() || is_full(packets_.back(), more)) packets_.emplace_back();
  return packets_.back();
}

bool SignalQueue::is_full(const Packet& packet, std::size_t more) const {
  if (packet.items == 0) return false;
  return packet.items >= limits_.batch_items || packet.bytes + more > limits_.batch_bytes;
}

Bytes SignalQueue::spare() {
  if (spares_.empty()) return {};
  Bytes spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
}

void SignalQueue::done_with(Batch&& batch) {
  const std::scoped_lock lock(mutex_);
  for (Bytes& piece : batch.body) {
    if (spares_.size() == kMostSpares) return;
    if (piece.capacity() < kLeastSpare) continue;
    piece.clear();
    spares_.push_back(std::move(piece));
  }
}

Moment SignalQueue::due() const {
  const std::scoped_lock lock(mutex_);
  if (packets_.empty()) return kNever;
  const bool has_whole_one = packets_.size() > 1 || is_full(packets_.front(), 0);
  return has_whole_one ? since_ : since_ + limits_.delay;
}

std::optional<Batch> SignalQueue::next(OtlpForm form) {
  auto packet = [this]() -> std::optional<Packet> {
    const std::scoped_lock lock(mutex_);
    if (packets_.empty()) return std::nullopt;
    Packet first = std::move(packets_.front());
    packets_.pop_front();
    items_ -= first.items;
    bytes_ -= first.bytes;
    since_ = std::chrono::steady_clock::now();
    return first;
  }();
  if (!packet) return std::nullopt;
  return Batch{.body = in(form, signal_, encode(*source_, std::move(packet->scopes))), .items = packet->items};
}

std::size_t SignalQueue::waiting() const {
  const std::scoped_lock lock(mutex_);
  return items_;
}

std::optional<Batch> MetricsSupply::next(OtlpForm form) {
  const Moment now = std::chrono::steady_clock::now();
  if (now < due_) return std::nullopt;
  due_ = now + interval_;
  const auto snapshot = metrics_.snapshot();
  std::size_t points = 0;
  for (const MetricSnapshot& metric : snapshot) points += metric.points.size();
  if (points == 0) return std::nullopt;
  return Batch{
      .body = in(form, Signal::metrics, encode(*source_, snapshot, metrics_.begun(), std::chrono::system_clock::now())),
      .items = points};
}

}  // namespace pais::telemetry
