#include "model/openai_model.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>

#include "base/log.h"
#include "base/pause.h"
#include "http/url.h"
#include "model/answer_builder.h"
#include "model/call_ids.h"
#include "model/chat_request.h"
#include "model/exchange.h"
#include "model/held_deltas.h"
#include "model/outcome.h"
#include "model/string_mode.h"

namespace pais::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.model";

// A stream spends many bytes on each of the answer's own.
constexpr std::size_t kMaxStreamBytes = 16 * kMaxAnswerBytes;

class WatchedDeltas final : public Deltas {
 public:
  explicit WatchedDeltas(Deltas& out) : out_(out) {}

  void text(std::string_view piece) override {
    heard_ = true;
    out_.text(piece);
  }
  void thinking(std::string_view piece) override {
    heard_ = true;
    out_.thinking(piece);
  }

  bool heard() const { return heard_; }

 private:
  Deltas& out_;
  bool heard_ = false;
};

milliseconds shortened_by_chance(milliseconds pause) {
  thread_local std::minstd_rand chance(std::random_device{}());
  std::uniform_real_distribution<double> share(0.75, 1.0);
  return milliseconds(std::llround(static_cast<double>(pause.count()) * share(chance)));
}

std::shared_ptr<const events::ModelServer> server_of(const std::string& base_url) {
  const auto url = http::parse_url(base_url);
  if (!url || url->host.empty()) return nullptr;
  return std::make_shared<const events::ModelServer>(events::ModelServer{.address = url->host, .port = url->port});
}

bool names_usage_wish(std::string_view body) {
  return body.find("stream_options") != std::string_view::npos || body.find("include_usage") != std::string_view::npos;
}

}  // namespace

// The tools of an agent seldom change: their description in words is kept.
struct OpenAiModel::Prompt {
  Offers tools;
  std::string text;
};

// One `respond`, from its first request to its last.
class OpenAiModel::Call {
 public:
  Call(OpenAiModel& model, const Request& request, Deltas& deltas, const std::stop_token& stop)
      : model_(model), request_(request), deltas_(deltas), stop_(stop), retries_left_(model.options_.retry.retries) {
    if (const auto total = model.options_.timeouts.total; total.count() > 0) end_ = start_ + total;
    if (request.deadline) end_ = std::min(end_, *request.deadline);
  }

  Result<Answer> run() {
    auto pass = model_.circuit_.enter();
    if (!pass) return told(pass.error());
    if (pass->is_probe()) retries_left_ = 0;
    Exchange last = ask();
    while (!last.answer && (asks_otherwise_after(last) || waits_to_repeat(last))) last = ask();
    report(pass->give_back(last.verdict, last.error), last);
    if (!last.answer) return told(last.error);
    return *std::move(last.answer);
  }

 private:
  Exchange ask() {
    if (stop_.stop_requested()) return without_answer({.code = Code::cancelled, .cause = "stopped"});
    if (steady_clock::now() >= end_) return without_answer(too_late());
    in_words_ = model_.in_string_mode();
    asks_for_usage_ = request_.stream && !without_usage_ && !model_.usage_refused_;

    HeldDeltas held(deltas_);
    const bool may_write_calls = in_words_ && !request_.tools.empty();
    Deltas& listener = may_write_calls ? static_cast<Deltas&>(held) : deltas_;
    Exchange result = exchange(*model_.client_, http_request(), request_.stream, listener, stop_);
    if (!result.answer) {
      result.error.cause = without_secret(std::move(result.error.cause), model_.options_.api_key);
      return result;
    }
    learn_from_success();
    if (may_write_calls) read_words(result, held);
    if (result.answer) complete(result);
    return result;
  }

  http::ClientRequest http_request() const {
    const auto& options = model_.options_;
    http::ClientRequest request{.url = model_.url_, .body = body(), .limits = limits()};
    if (!options.api_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + options.api_key);
    // Never the baggage: it names sessions, and the model may be anybody's.
    const auto& [traceparent, tracestate, baggage] = request_.trace;
    if (!traceparent.empty()) request.headers.emplace_back("traceparent", traceparent);
    if (!traceparent.empty() && !tracestate.empty()) request.headers.emplace_back("tracestate", tracestate);
    return request;
  }

  std::string body() const {
    if (!in_words_) return write_chat_request(model_.options_.model, request_, asks_for_usage_);
    Request words{.messages = string_mode_messages(request_.messages, model_.prompt_for(request_.tools)),
                  .sampling = request_.sampling,
                  .stream = request_.stream};
    return write_chat_request(model_.options_.model, words, asks_for_usage_);
  }

  http::ClientLimits limits() const {
    const auto& timeouts = model_.options_.timeouts;
    http::ClientLimits limits{.connect = timeouts.connect,
                              .first_byte = request_.stream ? timeouts.first_token : milliseconds(0),
                              .idle = timeouts.idle,
                              .total = milliseconds(0),
                              .answer_bytes = request_.stream ? kMaxStreamBytes : kMaxAnswerBytes};
    if (end_ != steady_clock::time_point::max()) {
      limits.total = std::max(std::chrono::ceil<milliseconds>(end_ - steady_clock::now()), milliseconds(1));
    }
    return limits;
  }

  void learn_from_success() {
    if (!in_words_ && !request_.tools.empty()) model_.tools_taken_ = true;
    if (asks_for_usage_) model_.usage_taken_ = true;
    if (without_usage_) model_.usage_refused_ = true;
  }

  void read_words(Exchange& result, HeldDeltas& held) const {
    Answer& answer = *result.answer;
    if (answer.calls.empty()) {
      if (auto read = read_calls_of_text(answer, request_); !read) {
        result.error = read.error();
        result.answer.reset();
        return;
      }
    }
    if (answer.calls.empty() || !answer.text.empty()) held.release();
  }

  void complete(Exchange& result) const {
    Answer& answer = *result.answer;
    make_ids_unique(answer.calls, request_.messages);
    if (answer.model.empty()) answer.model = model_.options_.model;
    if (result.first_token_at) answer.first_token = *result.first_token_at - start_;
  }

  // The server does not take something we can do without.
  bool asks_otherwise_after(const Exchange& last) {
    if (last.status == 400 && asks_for_usage_ && !model_.usage_taken_) {
      if (names_usage_wish(last.body)) model_.usage_refused_ = true;
      without_usage_ = true;  // learnt for good once it has helped
      return true;
    }
    const bool offered = !in_words_ && !request_.tools.empty();
    if (!offered || model_.options_.mode != ToolCallMode::automatic || model_.tools_taken_) return false;
    if (!refuses_tools(last.status, last.body)) return false;
    model_.learn_that_tools_are_refused();
    return true;
  }

  // False when the request is not to be sent again, or was called off meanwhile: then `last` says so.
  bool waits_to_repeat(Exchange& last) {
    if (!last.worth_repeating || deltas_.heard() || retries_left_ <= 0) return false;
    const auto pause = pause_after(last.error);
    if (!pause || steady_clock::now() + *pause >= end_) return false;
    --retries_left_;
    log::info(kLogger, told(last.error).describe() + "; asking again in " + std::to_string(pause->count()) + " ms");
    if (pause_until(steady_clock::now() + *pause, stop_)) return true;
    last = without_answer({.code = Code::cancelled, .cause = "stopped while waiting to ask again"});
    return false;
  }

  // nullopt when the server wants a longer one than we have patience for.
  std::optional<milliseconds> pause_after(const Error& error) {
    const auto& policy = model_.options_.retry;
    const milliseconds pause = shortened_by_chance(next_pause_);
    next_pause_ = std::min(next_pause_ * 2, policy.longest_pause);
    if (!error.retry_after) return pause;
    if (*error.retry_after > policy.longest_wait) return std::nullopt;
    return std::max<milliseconds>(*error.retry_after, pause);
  }

  Error too_late() const {
    const bool run_is_over = request_.deadline && *request_.deadline <= end_;
    return {.code = Code::model_timeout, .cause = run_is_over ? "the run's time is over" : "the answer's time is over"};
  }

  static Exchange without_answer(Error error) {
    Exchange result;
    result.error = std::move(error);
    return result;
  }

  Error told(const Error& error) const { return error.during("asking the model " + model_.options_.model); }

  void report(bool circuit_turned, const Exchange& last) const {
    if (!circuit_turned) return;
    if (last.verdict == Circuit::Verdict::answered) {
      log::info(kLogger, "the model " + model_.options_.model + " answers again");
    } else {
      log::warning(kLogger, "calls to the model " + model_.options_.model +
                                " keep failing and are refused for a while: " + last.error.describe());
    }
  }

  OpenAiModel& model_;
  const Request& request_;
  WatchedDeltas deltas_;
  const std::stop_token& stop_;
  const steady_clock::time_point start_ = steady_clock::now();
  steady_clock::time_point end_ = steady_clock::time_point::max();
  int retries_left_;
  milliseconds next_pause_ = model_.options_.retry.first_pause;

  // Of the request that was sent last:
  bool in_words_ = false;
  bool asks_for_usage_ = false;
  // From now on, whatever the server's answer:
  bool without_usage_ = false;
};

OpenAiModel::OpenAiModel(ModelOptions options, std::shared_ptr<const http::Client> client)
    : options_(std::move(options)),
      server_(server_of(options_.base_url)),
      url_(chat_completions_url(options_.base_url)),
      client_(std::move(client)) {}

OpenAiModel::~OpenAiModel() = default;

Result<Answer> OpenAiModel::respond(const Request& request, Deltas& deltas, std::stop_token stop) {
  return Call(*this, request, deltas, stop).run();
}

bool OpenAiModel::in_string_mode() const {
  return options_.mode == ToolCallMode::string || (options_.mode == ToolCallMode::automatic && tools_refused_);
}

void OpenAiModel::learn_that_tools_are_refused() {
  if (tools_refused_.exchange(true)) return;
  log::warning(kLogger, "the server of the model " + options_.model +
                            " does not take tools: they are described to it in words from now on (string mode)");
}

std::string OpenAiModel::prompt_for(const Offers& tools) {
  if (tools.empty()) return "";
  std::shared_ptr<const Prompt> prompt;
  {
    const std::scoped_lock lock(prompt_mutex_);
    prompt = prompt_;
  }
  if (prompt && prompt->tools == tools) return prompt->text;
  prompt =
      std::make_shared<const Prompt>(Prompt{.tools = tools, .text = tool_prompt(build_tool_descriptions(tools.all()))});
  const std::scoped_lock lock(prompt_mutex_);
  prompt_ = prompt;
  return prompt->text;
}

}  // namespace pais::model
