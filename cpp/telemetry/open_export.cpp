#include "telemetry/open_export.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/home_process.h"
#include "base/log.h"
#include "telemetry/collectors.h"
#include "telemetry/file_destination.h"
#include "telemetry/resource.h"
#include "telemetry/sender.h"

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.telemetry";
constexpr milliseconds kFarewell{3'000};
constexpr milliseconds kStandardTimeout{10'000};
constexpr milliseconds kMostForMetrics{30'000};
constexpr std::size_t kMostLogBytes = 8 * 1024 * 1024;
constexpr std::array kSignals = {Signal::traces, Signal::metrics, Signal::logs};

const Metric kDropped = {"pais.telemetry.dropped", Metric::Kind::counter, "",
                         "Spans, log records and points of metrics that reached nobody."};

QueueLimits limits_of(const BatchQueue& queue) {
  return {.delay = queue.schedule_delay,
          .items = static_cast<std::size_t>(queue.max_queue_size),
          .batch_items = static_cast<std::size_t>(std::min(queue.max_export_batch_size, queue.max_queue_size))};
}

// Where signals of one kind come in, on their way to one place.
struct Inlet {
  std::shared_ptr<SignalQueue> queue;
  Sender* sender;
};

class Exporter : public Export {
 public:
  Exporter(const Settings& settings, Metrics& metrics);
  ~Exporter() override;

  bool has_somewhere_to_go() const { return !senders_.empty(); }
  bool runs_on_this_thread() const {
    return std::ranges::any_of(senders_, [](const auto& sender) { return sender->is_this_thread(); });
  }

  void take(const Scope& scope, std::string_view span) override { take_into(spans_, scope, span, Signal::traces); }
  void take(const LogRecord& record) override;
  bool flush(milliseconds within) override;
  void hurry() override;
  void close() override;

 private:
  // What leads to one place, until a thread is given to it.
  struct Place {
    std::vector<Lane> lanes = {};
    std::shared_ptr<Reachability> reachability = std::make_shared<Reachability>();
    std::shared_ptr<SignalQueue> spans = nullptr;
    std::shared_ptr<SignalQueue> records = nullptr;
  };
  using Places = std::map<std::string, Place>;

  void lead_to_collectors(const Settings& settings, Places& places);
  void lead_to_file(const Settings& settings, Places& places);
  void add_lane(const Settings& settings, Signal signal, Place& place, std::unique_ptr<Destination> destination);
  std::shared_ptr<Supply> supply_of(const Settings& settings, Signal signal, Place& place);
  void start(Places places);
  Counter& dropped(Signal signal) { return *dropped_[static_cast<std::size_t>(signal)]; }

  void take_into(const std::vector<Inlet>& inlets, const Scope& scope, std::string_view item, Signal signal);

  const HomeProcess home_;
  Metrics& metrics_;
  const std::shared_ptr<const Source> source_;
  std::array<Counter*, kSignals.size()> dropped_{};
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<Inlet> spans_;
  std::vector<Inlet> records_;
  std::atomic<milliseconds> in_vain_{milliseconds(0)};  // time that flushes have taken since the last good one
  std::atomic<bool> closed_{false};
};

Exporter::Exporter(const Settings& settings, Metrics& metrics)
    : metrics_(metrics),
      source_(std::make_shared<const Source>(Source{.resource = resource_attributes(settings, Surroundings::here()),
                                                    .scope = {.name = "kaos." + settings.service_name()}})) {
  for (const Signal signal : kSignals) {
    dropped_[static_cast<std::size_t>(signal)] = &metrics.counter(kDropped, {{"signal", std::string(name_of(signal))}});
  }
  Places places;
  lead_to_collectors(settings, places);
  lead_to_file(settings, places);
  start(std::move(places));
}

// Threads cannot be joined where they do not run: a child leaves its parent's alone, with all that they use.
Exporter::~Exporter() {
  if (home_.is_here()) {
    close();
  } else {
    for (auto& sender : senders_) [[maybe_unused]] auto* const left_behind = sender.release();
  }
}

void Exporter::close() {
  if (!home_.is_here() || closed_.load()) return;
  if (const milliseconds left = kFarewell - in_vain_.load(); left > milliseconds(0)) flush(left);
  closed_ = true;
  for (auto& sender : senders_) sender->stop();
}

void Exporter::hurry() {
  if (!home_.is_here()) return;
  for (auto& sender : senders_) sender->hurry();
}

void Exporter::lead_to_collectors(const Settings& settings, Places& places) {
  Collectors collectors;
  std::string said;
  for (const Signal signal : kSignals) {
    const OtlpTarget target = settings.otlp_target(signal);
    if (target.endpoint.value_or("").empty()) continue;
    auto way = collectors.open(signal, target);
    if (way) {
      add_lane(settings, signal, places[way->place], std::move(way->destination));
    } else if (std::exchange(said, way.error().cause) != way.error().cause) {
      log::warning(kLogger, "Telemetry is not sent to a collector: " + way.error().cause);
    }
  }
}

void Exporter::lead_to_file(const Settings& settings, Places& places) {
  if (settings.telemetry_file.empty()) return;
  const auto file = LineFile::open(settings.telemetry_file);
  if (!file) {
    log::warning(kLogger, "PAIS_TELEMETRY_FILE: " + file.error().cause + "; telemetry is not written there");
    return;
  }
  for (const Signal signal : kSignals) {
    add_lane(settings, signal, places["file"], std::make_unique<FileDestination>(*file));
  }
}

void Exporter::add_lane(const Settings& settings, Signal signal, Place& place,
                        std::unique_ptr<Destination> destination) {
  const milliseconds for_batch = signal == Signal::traces ? settings.otel_bsp.export_timeout
                                 : signal == Signal::logs
                                     ? settings.otel_blrp.export_timeout
                                     : std::min(settings.otel_metric_export_interval, kMostForMetrics);
  place.lanes.emplace_back(Lane::Options{.signal = signal,
                                         .timeout = settings.otlp_target(signal).timeout.value_or(kStandardTimeout),
                                         .batch_timeout = for_batch},
                           supply_of(settings, signal, place), std::move(destination), place.reachability,
                           dropped(signal));
}

std::shared_ptr<Supply> Exporter::supply_of(const Settings& settings, Signal signal, Place& place) {
  if (signal == Signal::metrics) {
    return std::make_shared<MetricsSupply>(source_, metrics_, settings.otel_metric_export_interval);
  }
  if (signal == Signal::traces) {
    place.spans = std::make_shared<SignalQueue>(signal, source_, limits_of(settings.otel_bsp));
    return place.spans;
  }
  QueueLimits limits = limits_of(settings.otel_blrp);
  limits.bytes = kMostLogBytes;
  place.records = std::make_shared<SignalQueue>(signal, source_, limits);
  return place.records;
}

void Exporter::start(Places places) {
  for (auto& entry : places) {
    auto& place = entry.second;
    Sender& sender = *senders_.emplace_back(std::make_unique<Sender>(std::move(place.lanes)));
    if (place.spans) spans_.push_back({place.spans, &sender});
    if (place.records) records_.push_back({place.records, &sender});
  }
}

void Exporter::take(const LogRecord& record) {
  if (!home_.is_here()) return;
  try {
    take_into(records_, record.scope, encode(record).view(), Signal::logs);
  } catch (const std::bad_alloc&) {
    dropped(Signal::logs).add();
  }
}

void Exporter::take_into(const std::vector<Inlet>& inlets, const Scope& scope, std::string_view item, Signal signal) {
  using Pushed = SignalQueue::Pushed;
  if (!home_.is_here()) return;
  if (closed_.load(std::memory_order_relaxed)) return;
  for (const Inlet& inlet : inlets) {
    try {
      const Pushed pushed = inlet.queue->push(scope, item);
      if (pushed == Pushed::dropped) dropped(signal).add();
      if (pushed == Pushed::kept_and_due) inlet.sender->wake();
    } catch (const std::bad_alloc&) {
      dropped(signal).add();
    }
  }
}

bool Exporter::flush(milliseconds within) {
  if (!home_.is_here()) return false;
  const auto begun = steady_clock::now();
  const http::Deadline deadline = begun + within;
  std::vector<std::uint64_t> asked;
  for (const auto& sender : senders_) asked.push_back(sender->ask_to_flush(deadline));
  bool all = true;
  for (std::size_t i = 0; i < senders_.size(); ++i) all = senders_[i]->flushed(asked[i], deadline) && all;
  const auto took = std::chrono::ceil<milliseconds>(steady_clock::now() - begun);
  in_vain_ = all ? milliseconds(0) : in_vain_.load() + took;
  return all;
}

// A sender that logs may for that moment be the last to hold on to its own exporter, and nobody can wait for himself.
void end(Exporter* exporter) {
  if (exporter->runs_on_this_thread()) {
    std::thread([exporter] { delete exporter; }).detach();
  } else {
    delete exporter;
  }
}

}  // namespace

std::shared_ptr<Export> open_export(const Settings& settings, Metrics& metrics) {
  if (!settings.telemetry_on()) return nullptr;
  const std::shared_ptr<Exporter> exporter(new Exporter(settings, metrics), &end);
  if (!exporter->has_somewhere_to_go()) return nullptr;
  return exporter;
}

}  // namespace pais::telemetry
