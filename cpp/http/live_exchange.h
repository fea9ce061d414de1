// The Exchange of a request that came over a socket.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/home_process.h"
#include "http/inbound.h"
#include "http/response.h"
#include "http/server.h"

namespace pais::http {

class Front;

class LiveExchange : public Exchange, private EventStream, public std::enable_shared_from_this<LiveExchange> {
 public:
  LiveExchange(std::shared_ptr<Front> front, std::shared_ptr<Inbound> inbound, Arrival arrival);
  ~LiveExchange() override;

  const Request& request() const override { return arrival_.request; }
  std::stop_token gone() const override { return stop_.get_token(); }
  std::stop_token given_up() const override { return given_up_.get_token(); }
  bool reply(Response response) override { return send(response); }
  using Exchange::reply;
  bool send(const Response& response);
  EventStream* stream(StreamOpening opening) override;
  void finish() override;
  void promise_stream(StreamOpening opening, std::chrono::milliseconds after) override;
  void work_on(std::function<void()> task) override;
  void note(const log::About& about) override;

  const Route* route() const { return arrival_.route; }
  const std::string& path() const { return arrival_.request.path; }
  const Arrival& arrival() const { return arrival_; }
  const Follower::End& follower_end() const { return follower_end_; }
  Instant started() const { return started_; }
  log::About about() const;

  // Runs the route's handler on this thread.
  static void handle(const std::shared_ptr<LiveExchange>& exchange);
  // The server gives up on this request.
  void cut();

  bool counts_as_run = false;  // set before any other thread knows of it

 private:
  void guard(const std::function<void()>& work);
  bool write(std::string_view block) override { return home_.is_here() && inbound_->write_event(turn_, block); }
  std::string opening_head(const Headers& headers) const;
  bool chunked() const { return !arrival_.ancient; }
  // Nothing is left to say. In a forked child it never was ours to say: the client is the parent's.
  bool settled() const { return answered_ || !home_.is_here(); }

  const HomeProcess home_;
  const std::shared_ptr<Front> front_;
  const std::shared_ptr<Inbound> inbound_;
  const Inbound::Turn turn_;
  Arrival arrival_;
  std::stop_source stop_;
  std::stop_source given_up_;
  const Instant started_;
  const Follower::End follower_end_;
  std::atomic<bool> answered_{false};  // wholly, or by a stream that has ended

  mutable std::mutex about_mutex_;  // guards about_
  log::About about_;
};

}  // namespace pais::http
