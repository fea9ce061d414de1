// Keeps the card of another agent at hand, so that nobody ever waits for it.
//
// A thread of its own fetches it at the start, again after a while, and with growing pauses for as long as the agent
// cannot be reached. A card that is missing or makes no sense is no trouble: the agent can be asked without.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "a2a/card.h"
#include "base/home_process.h"
#include "base/result.h"
#include "http/client.h"

namespace pais::tools::delegation {

class CardKeeper {
 public:
  struct Options {
    std::string name;  // of the agent, as we were told it
    std::string url;   // of the agent
    http::Headers headers = {};
    std::chrono::milliseconds refresh{60'000};  // 0: only after failures
    std::chrono::milliseconds patience{5'000};  // with one answer
    std::chrono::milliseconds first_pause{1'000};
    std::chrono::milliseconds longest_pause{30'000};
  };

  struct News {
    std::shared_ptr<const a2a::Card> card;  // null: none that makes sense
    bool reachable = false;                 // the agent answered, whatever it said
    bool tells_progress = false;            // the agent is one of ours, whose streams tell of its tool calls
  };

  // `on_news` hears of every change, and of every look that was wanted, on the keeper's thread.
  CardKeeper(Options options, std::shared_ptr<const http::Client> client, std::function<void(const News&)> on_news);
  ~CardKeeper();
  CardKeeper(const CardKeeper&) = delete;
  CardKeeper& operator=(const CardKeeper&) = delete;

  // The agent failed: it may be gone, or be another one when it is back. It is looked for at once, or a second after
  // the last look. From any thread.
  void look_again();
  // No request is made from now on; one that is under way is called off, and `close` waits for that.
  void call_off();
  void close();

 private:
  void keep(const std::stop_token& stop);
  bool fetch(const std::stop_token& stop);  // whether the agent answered
  News read(const Result<http::ClientResponse>& answer);
  void rest(std::chrono::milliseconds pause, const std::stop_token& stop);
  bool take_wish();
  void wait_for_a_reason(const std::stop_token& stop);

  const Options options_;
  const std::shared_ptr<const http::Client> client_;
  const std::function<void(const News&)> on_news_;
  const HomeProcess home_;

  // Of the keeper's thread:
  News last_;
  std::string etag_;
  bool told_ = false;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool look_ = false;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace pais::tools::delegation
