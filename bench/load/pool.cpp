#include "load/pool.h"

#include <utility>

namespace pais::bench {

Result<void> Pool::connect(int count) {
  for (int i = 0; i < count; ++i) {
    auto connection = Connection::open(target_.server);
    if (!connection) return connection.error();
    clients_.push_back({.connection = std::move(*connection)});
    epoll_.add(clients_.back().connection.fd(), clients_.size() - 1);
  }
  return {};
}

void Pool::ask(std::size_t client) {
  // A connection that is gone shows at the next read.
  clients_[client].waits = true;
  clients_[client].connection.write(wording_.next());
}

bool Pool::read(std::size_t name) {
  auto& client = clients_[name];
  const auto state = client.connection.read(scratch_);
  if (state == AnswerReader::State::more) return false;
  judge(client.connection, state);
  if (state == AnswerReader::State::broken || client.connection.must_close()) reconnect(name);
  return std::exchange(client.waits, false);
}

void Pool::judge(const Connection& connection, AnswerReader::State state) {
  failure_.clear();
  if (state == AnswerReader::State::broken) {
    failure_ = "the connection broke";
  } else if (connection.status() != 200) {
    failure_ = "status " + std::to_string(connection.status());
  }
}

void Pool::reconnect(std::size_t name) {
  auto fresh = Connection::open(target_.server);
  if (!fresh) {
    failure_ = fresh.error().cause;
    clients_[name].connection = Connection();
    return;
  }
  epoll_.add(fresh->fd(), name);
  clients_[name].connection = std::move(*fresh);
}

}  // namespace pais::bench
