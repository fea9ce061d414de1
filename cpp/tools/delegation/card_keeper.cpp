#include "tools/delegation/card_keeper.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace pais::tools::delegation {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kLogger = "pais.delegation";
constexpr std::size_t kMostCardBytes = 1024 * 1024;

bool same(const std::shared_ptr<const a2a::Card>& a, const std::shared_ptr<const a2a::Card>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->name == b->name && a->description == b->description && a->version == b->version;
}

}  // namespace

CardKeeper::CardKeeper(Options options, std::shared_ptr<const http::Client> client,
                       std::function<void(const News&)> on_news)
    : options_(std::move(options)),
      client_(std::move(client)),
      on_news_(std::move(on_news)),
      thread_([this](const std::stop_token& stop) { keep(stop); }) {}

// In a forked child there is no thread to wait for.
CardKeeper::~CardKeeper() {
  if (home_.is_here()) {
    close();
  } else {
    thread_.detach();
  }
}

void CardKeeper::look_again() {
  {
    const std::scoped_lock lock(mutex_);
    look_ = true;
  }
  changed_.notify_one();
}

void CardKeeper::call_off() {
  if (home_.is_here()) thread_.request_stop();
}

void CardKeeper::close() {
  if (!home_.is_here()) return;
  call_off();
  if (thread_.joinable()) thread_.join();
}

void CardKeeper::keep(const std::stop_token& stop) {
  milliseconds pause = options_.first_pause;
  while (!stop.stop_requested()) {
    const bool answered = fetch(stop);
    if (!answered) {
      rest(pause, stop);
      pause = std::min(pause * 2, options_.longest_pause);
      continue;
    }
    pause = options_.first_pause;
    rest(pause, stop);
    wait_for_a_reason(stop);
  }
}

// Whoever wants another look waits that long, too: an agent must not be hammered while it comes back.
void CardKeeper::rest(milliseconds pause, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, pause, [] { return false; });
}

void CardKeeper::wait_for_a_reason(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto wanted = [this] { return look_; };
  if (options_.refresh.count() > 0) {
    changed_.wait_for(lock, stop, options_.refresh, wanted);
  } else {
    changed_.wait(lock, stop, wanted);
  }
}

bool CardKeeper::take_wish() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(look_, false);
}

bool CardKeeper::fetch(const std::stop_token& stop) {
  const bool wanted = take_wish();
  http::ClientRequest request{.method = "GET",
                              .url = options_.url + "/.well-known/agent.json",
                              .headers = options_.headers,
                              .limits = {.connect = options_.patience,
                                         .first_byte = options_.patience,
                                         .idle = options_.patience,
                                         .total = options_.patience,
                                         .answer_bytes = kMostCardBytes}};
  if (!etag_.empty()) request.headers.emplace_back("If-None-Match", etag_);
  const auto answer = client_->send(request, stop);
  if (stop.stop_requested()) return false;

  News news = read(answer);
  const bool changed = !told_ || news.reachable != last_.reachable || news.tells_progress != last_.tells_progress ||
                       !same(news.card, last_.card);
  const bool turned = !told_ ? !news.reachable : news.reachable != last_.reachable;
  last_ = std::move(news);
  told_ = true;
  if (turned && last_.reachable) log::info(kLogger, "Agent " + options_.name + " answers again.");
  if (turned && !last_.reachable) {
    log::warning(kLogger, "Agent " + options_.name + " cannot be reached: " + answer.error().describe());
  }
  if (changed || wanted) on_news_(last_);
  return last_.reachable;
}

// An agent that cannot be reached keeps the card it had: it is likely to come back as it was.
CardKeeper::News CardKeeper::read(const Result<http::ClientResponse>& answer) {
  News news = last_;
  news.reachable = static_cast<bool>(answer) || answer.error().code == Code::too_large;
  if (!answer || answer->status == 304) return news;
  news.tells_progress = !answer->header("X-PAIS-Tells").empty();
  news.card.reset();
  etag_.clear();
  if (answer->status < 200 || answer->status >= 300) return news;
  auto card = a2a::read_card(answer->body, options_.name);
  if (!card) return news;
  news.card = std::make_shared<const a2a::Card>(*std::move(card));
  etag_ = answer->header("ETag");
  return news;
}

}  // namespace pais::tools::delegation
