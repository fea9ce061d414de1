#include "http/httplib_client.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "http/call_stream.h"

namespace pais::http {
namespace {

// Takes what httplib hands over, to the caller's receiver or into a response.
class Delivery {
 public:
  Delivery(CallStream& stream, const Receiver* receiver) : stream_(stream), receiver_(receiver) {}

  void head() {
    if (std::exchange(has_head_, true)) return;
    response_.status = stream_.head().status;
    response_.headers = std::move(stream_.head().headers);
    if (receiver_ == nullptr) return;
    to_receiver_ = receiver_->on_bytes && (!receiver_->on_head || receiver_->on_head(response_));
    if (to_receiver_) set_patience();
  }

  bool bytes(std::string_view bytes) {
    if (!to_receiver_) {
      response_.body.append(bytes);
      return true;
    }
    ended_ = !receiver_->on_bytes(bytes);
    set_patience();
    return !ended_;
  }

  bool ended_by_receiver() const { return ended_; }
  ClientResponse& response() { return response_; }

 private:
  void set_patience() {
    if (receiver_->patience) stream_.wait_no_longer_than(deadline_in(receiver_->patience()));
  }

  CallStream& stream_;
  const Receiver* receiver_;
  ClientResponse response_;
  bool has_head_ = false;
  bool to_receiver_ = false;
  bool ended_ = false;
};

httplib::Request in_httplibs_words(const Call& call, Delivery& delivery) {
  httplib::Request request;
  request.method = call.method;
  request.path = call.target;
  for (const auto& [name, value] : call.headers) request.headers.emplace(name, value);
  if (!call.body.empty()) promise_body(request, call.body.size());
  request.response_handler = [&delivery](const httplib::Response&) {
    delivery.head();
    return true;
  };
  request.content_receiver = [&delivery](const char* bytes, std::size_t size, auto&&...) {
    return delivery.bytes({bytes, size});
  };
  return request;
}

}  // namespace

// The door to httplib's client. It never opens a socket: the host is a name for the library's records only.
class HttplibClient::Door : public httplib::ClientImpl {
 public:
  Door() : ClientImpl("pais") {
    send_targets_as_they_are(*this);
    set_decompress(false);
  }

  bool run(CallStream& stream, httplib::Request& request) {
    httplib::Response response;
    auto error = httplib::Error::Success;
    return process_request(stream, request, response, false, error);
  }
};

HttplibClient::HttplibClient(Connection connection)
    : connection_(std::move(connection)), door_(std::make_unique<Door>()) {}

HttplibClient::~HttplibClient() = default;

Result<ClientResponse> HttplibClient::make(const Call& call, const Receiver* receiver, const std::stop_token& stop) {
  reusable_ = kept_waiting_ = false;
  unheard_ = unsent_ = true;
  try {
    CallStream stream(connection_, call, stop);
    Delivery delivery(stream, receiver);
    httplib::Request request = in_httplibs_words(call, delivery);
    const bool ran = door_->run(stream, request);
    unheard_ = !stream.heard();
    unsent_ = stream.sent() == 0;
    if (stream.failure()) return *stream.failure();
    if (delivery.ended_by_receiver()) {
      skip_rest(stream, call);
      return std::move(delivery.response());
    }
    if (!ran || !stream.has_head()) return Error{.code = Code::internal, .cause = "httplib did not take the request"};
    delivery.head();
    reusable_ = stream.at_clean_end();
    return std::move(delivery.response());
  } catch (const std::exception& failure) {
    unheard_ = unsent_ = false;
    return Error{.code = Code::internal, .cause = failure.what(), .doing = "taking the answer"};
  }
}

void HttplibClient::skip_rest(CallStream& stream, const Call& call) {
  if (!stream.head().keep_alive) return;
  const auto skipped = stream.skip_rest(std::min(call.end, std::chrono::steady_clock::now() + call.patience));
  reusable_ = skipped && stream.at_clean_end();
  kept_waiting_ = !skipped && skipped.error().code == Code::timed_out;
}

}  // namespace pais::http
