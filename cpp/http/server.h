// The HTTP front: sockets, framing, limits and deadlines are ours; cpp-httplib reads one whole request that has
// already been found well-formed.
//
// One thread (the reactor) owns every connection that is waiting for something: for bytes of a request, for a slow
// reader, for its turn. A worker thread belongs to a request only while its handler runs, and a handler may hand its
// Exchange on and return: the answer can come later, from any thread. So an idle, slow or waiting client costs a file
// descriptor and some bytes, never a thread.
//
// Handlers may block. They are given their Exchange by shared pointer; whoever drops the last one without having
// answered answers 500.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/result.h"
#include "http/message.h"

namespace pais::http {

// One whole request, as httplib read it.
struct Request {
  std::string id;      // the client's X-Request-ID when it is a decent one, else one of ours
  std::string method;  // HEAD is answered by the GET handlers
  std::string path;    // as sent: never decoded, never tidied
  Headers headers;
  std::vector<std::pair<std::string, std::string>> query;  // decoded; those of one name in their order
  std::string path_parameter;                              // what stands for "{id}" in the route's pattern
  std::string body;
  std::string peer;  // "127.0.0.1:41234"

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::string content_type = "application/json";
  std::optional<Code> code = {};  // of an answer that is an error, for who counts answers
};

// Whether the client has what this ETag names (If-None-Match); weak or not makes no difference to a GET.
bool client_has(const Request& request, std::string_view etag);

// The one error body of every route: readable by OpenAI clients and by clients of the Python server.
Response error_response(const Error& error);
std::string error_json(const Error& error);
// Its `{"error":{…}}` alone, as a stream that has begun ends with.
std::string error_event_json(const Error& error);

// A stream of server-sent events that has been opened: the status is out.
//
// Each event leaves with one write. A reader that is slow blocks the writer; one that takes nothing for the write
// deadline is cut off. Writing returns false once nobody is there to read. From any thread, one at a time.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // `block` is one or more whole SSE messages, each with its blank line (see http/sse.h).
  virtual bool write(std::string_view block) = 0;
};

// What opens a stream: extra headers, and the first bytes.
struct StreamOpening {
  Headers headers = {};
  std::string first = {};
};

// One request and the one way to answer it.
//
// From any thread. Of several answers the first counts; the others return false and change nothing.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;

  // Stops when the client has hung up, or the server gives up on running requests (`cut_short` tells which).
  virtual std::stop_token gone() const = 0;
  // Stops when the server gives up, also for a client that had left before.
  virtual std::stop_token given_up() const = 0;
  bool cut_short() const { return given_up().stop_requested(); }

  // Sends a whole answer. False when an answer is on its way already, for instance a promised stream.
  virtual bool reply(Response response) = 0;
  bool reply(const Error& error) { return reply(error_response(error)); }

  // Answers 200 with a stream of events, open until `finish()`. Opened already (by a promise), it is the same stream
  // and `opening` is not used. Null when a whole answer was sent, as it is to HEAD.
  virtual EventStream* stream(StreamOpening opening) = 0;
  virtual void finish() = 0;

  // Opens the stream with `opening` if nothing has been sent `after` from now, so that no proxy loses patience.
  virtual void promise_stream(StreamOpening opening, std::chrono::milliseconds after) = 0;

  // Goes on with this request on a worker's thread, for whoever had to wait without holding one.
  virtual void work_on(std::function<void()> task) = 0;

  // What this request turned out to be about, for its lines in the log.
  virtual void note(const log::About& about) = 0;
};

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

// Who does the work of a route.
enum class Lane {
  at_once,  // on the reactor itself: answered however busy the runs are. The handler must not block.
  run,      // on a worker, counted against `max_runs`, with a waiting line before it
  work,     // on a worker, not counted: short, but may block
};

enum class Access { key, open };

struct Route {
  std::string method;
  std::string pattern;  // "/v1/models/{id}": one open segment, at the end
  Lane lane = Lane::work;
  Handler handler;
  Access access = Access::key;  // a new route is protected unless it says otherwise
  bool quiet = false;           // a probe: logged at DEBUG only
};

struct Limits {
  std::size_t header_bytes = 32 * 1024;
  std::size_t header_count = 100;
  std::size_t target_bytes = 8 * 1024;
  std::size_t body_bytes = 10 * 1024 * 1024;
  std::size_t bodies_bytes = 256 * 1024 * 1024;  // of all requests that are being read or worked on; 0: no limit
  std::size_t connections = 20'000;
  std::size_t runs = 4096;
  std::size_t waiting = 4096;
  std::chrono::milliseconds wait_for_run{5'000};
  std::chrono::milliseconds header_time{10'000};
  std::chrono::milliseconds body_time{30'000};
  std::chrono::milliseconds idle_time{75'000};
  std::chrono::milliseconds write_time{30'000};
  std::chrono::milliseconds keep_alive_comment{15'000};
};

// One request that has been answered, or refused before it had a route.
struct Answered {
  std::string_view method = {};
  std::string_view route = {};       // the pattern, "" when none was found
  std::string_view version = "1.1";  // of HTTP
  int status = 0;
  std::optional<Code> code = {};
  std::chrono::nanoseconds took{0};  // to the answer's last byte handed to the kernel, or queued for it
  bool client_left = false;
};

// Hears of every answer, from whichever thread gave it: must be quick and must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void answered(const Answered& answer) = 0;
};

// Follows single requests, from whichever thread serves them: must be quick and must not block.
class Follower {
 public:
  using End = std::function<void(const Answered&)>;

  virtual ~Follower() = default;
  // A request is about to be served or refused; `route` is the pattern, or "". Its headers may be changed, for handlers
  // to read. What is returned hears of the answer; {}: this one is not followed.
  virtual End follow(Request& request, std::string_view route) = 0;
};

struct Stats {
  std::size_t connections = 0;
  std::size_t exchanges = 0;  // requests whose handler is not through
  std::size_t runs = 0;
  std::size_t waiting = 0;
  std::size_t workers = 0;
  std::size_t bodies_bytes = 0;  // of all requests that are being read or worked on
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any free one
  // False: no socket is bound, and clients come by `adopt` alone. They are of this process, so neither their Host nor
  // their Origin is looked at.
  bool listens = true;
  Limits limits = {};

  bool auth_required = false;
  std::vector<std::string> api_keys = {};
  std::string api_key_file = {};  // one key a line, read again when it changes

  std::vector<std::string> allowed_hosts = {};
  std::vector<std::string> cors_origins = {};  // "*" for all; empty: only streams carry the contract's two headers

  bool access_log = false;
  Observer* observer = nullptr;                  // outlives the server
  std::shared_ptr<Follower> follower = nullptr;  // null: nobody follows
};

// A child forked while it serves has no part in it, for the clients are the parent's: there the server and its
// exchanges say nothing to anybody, wait for nothing, and can be dropped. A child may have a server of its own.
class Server {
 public:
  // Nothing is opened yet.
  static std::unique_ptr<Server> create(ServerOptions options, std::vector<Route> routes);
  virtual ~Server() = default;

  // Binds, listens and serves from threads of its own.
  virtual Result<void> start() = 0;
  virtual int port() const = 0;  // 0 when it does not listen

  // Serves a connection that came by another way than the listener: a connected stream socket, for instance one end of
  // a socketpair. From any thread, after `start()`. The descriptor is ours in every case, and made non-blocking and
  // close-on-exec. Code::draining once newcomers are no longer let in, Code::unreachable for what is no such socket:
  // it is closed then. With too many connections it is told so as a newcomer is, which is no failure here.
  //
  // Whoever wants an answer keeps both directions open until he has it: a client that has closed its sending side
  // counts as gone.
  virtual Result<void> adopt(int socket) = 0;

  // Ends politely: no new runs at once, no new connections after `delay`, running requests have `grace` to end, then
  // their `gone()` stops with `cut_short()` and they have a second to say so. Blocks until all is closed.
  virtual void drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace) = 0;
  virtual bool draining() const = 0;

  virtual Stats stats() const = 0;

  // Ends a drain that is under way, or the whole server, now.
  virtual void stop() = 0;
};

}  // namespace pais::http
