#include "fake_model/server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pais::bench {
namespace {

constexpr std::uint64_t kListener = 0;
constexpr std::size_t kMaxInput = 64 * 1024 * 1024;
constexpr std::chrono::hours kNothingDue{1};

bool must_wait() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

}  // namespace

FakeModel::FakeModel(Fd listener, const AnswerOptions& answers, Pace pace)
    : listener_(std::move(listener)), answers_(answers), pace_(pace) {
  epoll_.add(listener_.number(), kListener);
}

void FakeModel::serve() {
  while (true) {
    for (const auto& event : epoll_.wait(until_next_due())) {
      if (event.data.u64 == kListener) {
        welcome();
      } else {
        hear(event.data.u64, event.events);
      }
    }
    send_due();
  }
}

std::chrono::nanoseconds FakeModel::until_next_due() const {
  return due_.empty() ? kNothingDue : due_.front().at - MonotonicTime::clock::now();
}

void FakeModel::send_due() {
  const auto now = MonotonicTime::clock::now();
  while (!due_.empty() && due_.front().at <= now) {
    const auto due = due_.front();
    due_.pop_front();
    const auto found = clients_.find(due.client);
    if (found == clients_.end()) continue;
    if (found->second.thinks) {
      send_text(found->second);
    } else {
      continue_stream(found->second, due.at);
    }
    answer_waiting(found->second);
    forget_if_gone(found->second);
  }
}

void FakeModel::welcome() {
  while (true) {
    Fd socket(accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const int on = 1;
    setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const auto name = next_name_++;
    epoll_.add(socket.number(), name);
    clients_[name] = Client{.name = name, .socket = std::move(socket)};
  }
}

void FakeModel::hear(std::uint64_t name, std::uint32_t events) {
  auto& client = clients_.at(name);
  if (events & EPOLLOUT) flush(client);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_input(client);
  answer_waiting(client);
  forget_if_gone(client);
}

void FakeModel::read_input(Client& client) {
  std::array<char, 64 * 1024> bytes;
  const auto count = recv(client.socket.number(), bytes.data(), bytes.size(), 0);
  if (count > 0) client.input.append(bytes.data(), static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && !must_wait()) || client.input.size() > kMaxInput) client.gone = true;
}

void FakeModel::answer_waiting(Client& client) {
  while (!client.gone && !client.streams && !client.thinks) {
    const auto request = first_request(client.input);
    if (!request) return;
    answer(client, *request);
    client.input.erase(0, request->size);
  }
}

void FakeModel::answer(Client& client, const RawRequest& request) {
  if (!request.has_known_length) {
    send(client, answers_.length_required());
    client.gone = true;
  } else if (request.asks_for_chat()) {
    answer_chat(client, read_chat(request.body));
  } else if (request.head.starts_with("GET /v1/models ")) {
    send(client, answers_.models());
  } else if (request.head.starts_with("GET /health ")) {
    send(client, answers_.healthy());
  } else {
    send(client, answers_.not_found());
  }
}

void FakeModel::answer_chat(Client& client, const ChatAsked& asked) {
  if (answers_.calls_tool(asked)) {
    send(client, asked.stream ? answers_.tool_call_stream() : answers_.tool_call());
  } else if (!asked.stream && pace_.answer == pace_.answer.zero()) {
    send_text(client);
  } else if (!asked.stream) {
    client.thinks = true;
    wait_for(MonotonicTime::clock::now() + pace_.answer, client);
  } else {
    client.streams = true;
    client.wants_usage = asked.include_usage;
    client.tokens_sent = 0;
    send(client, answers_.stream_opening());
    continue_stream(client, MonotonicTime::clock::now());
  }
}

void FakeModel::wait_for(MonotonicTime at, const Client& client) {
  due_.insert(std::ranges::upper_bound(due_, at, {}, &Due::at), {.at = at, .client = client.name});
}

void FakeModel::send_text(Client& client) {
  client.thinks = false;
  send(client, answers_.text());
}

void FakeModel::continue_stream(Client& client, MonotonicTime due) {
  scratch_.clear();
  do {
    if (client.tokens_sent == answers_.tokens()) break;
    answers_.append_token(scratch_, {.index = client.tokens_sent++, .sent = MonotonicTime::clock::now()});
  } while (pace_.token == pace_.token.zero());

  client.streams = client.tokens_sent < answers_.tokens();
  if (client.streams) {
    wait_for(due + pace_.token, client);
  } else {
    scratch_ += answers_.stream_end(client.wants_usage);
  }
  send(client, scratch_);
}

void FakeModel::send(Client& client, std::string_view bytes) {
  if (client.output.empty()) {
    const auto sent = ::send(client.socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && !must_wait()) client.gone = true;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  if (bytes.empty() || client.gone) return;
  client.output += bytes;
  epoll_.change(client.socket.number(), client.name, EPOLLIN | EPOLLOUT);
}

void FakeModel::flush(Client& client) {
  const auto sent = ::send(client.socket.number(), client.output.data(), client.output.size(), MSG_NOSIGNAL);
  if (sent < 0 && !must_wait()) client.gone = true;
  if (sent > 0) client.output.erase(0, static_cast<std::size_t>(sent));
  if (client.output.empty()) epoll_.change(client.socket.number(), client.name, EPOLLIN);
}

void FakeModel::forget_if_gone(const Client& client) {
  if (client.gone) clients_.erase(client.name);
}

}  // namespace pais::bench
