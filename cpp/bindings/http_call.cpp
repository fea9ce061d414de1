#include "bindings/http_call.h"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <pybind11/stl.h>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/unlocked.h"
#include "http/client.h"
#include "http/sse.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

constexpr std::chrono::seconds kLimit{60};
constexpr std::size_t kMostAnswerBytes = 16 * 1024 * 1024;

const http::Client& shared_client() {
  static const http::Client client;
  return client;
}

// What is no time at all, or longer than we wait for anybody, is our own limit.
std::chrono::milliseconds as_limit(double seconds) {
  const std::chrono::duration<double> wish(seconds);
  return wish.count() > 0 && wish < kLimit ? std::chrono::ceil<std::chrono::milliseconds>(wish) : kLimit;
}

class HttpCall {
 public:
  HttpCall(std::string method, std::string url, http::Headers headers, std::string body, double timeout)
      : request_{.method = std::move(method),
                 .url = std::move(url),
                 .headers = std::move(headers),
                 .body = std::move(body),
                 .limits = limits_of(as_limit(timeout))} {}

  Result<http::ClientResponse> send() const { return shared_client().send(request_, stop_.get_token()); }

  // An answer that is no stream is given whole. How long a turn of an agent takes is its server's to say.
  Result<http::ClientResponse> stream(const std::function<bool(const http::SseEvent&)>& on_event) const {
    http::ClientRequest request = request_;
    request.limits = {.total = std::chrono::milliseconds(0), .answer_bytes = kMostAnswerBytes};
    http::SseReader reader(kMostAnswerBytes);
    const http::Receiver receiver{
        .on_head = [](const auto& head) { return head.header("Content-Type").starts_with("text/event-stream"); },
        .on_bytes = [&](std::string_view bytes) { return reader.feed(bytes, on_event); }};
    auto answer = shared_client().send(request, receiver, stop_.get_token());
    if (reader.overflowed()) return Error{.code = Code::too_large, .cause = "an event of the stream is too large"};
    return answer;
  }

  void cancel() { stop_.request_stop(); }

 private:
  static http::ClientLimits limits_of(std::chrono::milliseconds each) {
    return {.connect = each, .first_byte = each, .idle = each, .total = each, .answer_bytes = kMostAnswerBytes};
  }

  const http::ClientRequest request_;
  std::stop_source stop_;
};

const char* kind_of(Code code) {
  switch (code) {
    case Code::unreachable:
      return "unreachable";
    case Code::timed_out:
      return "timed_out";
    case Code::cancelled:
      return "cancelled";
    default:
      return "unusable";
  }
}

py::tuple outcome_of(const Result<http::ClientResponse>& answer) {
  if (answer) return py::make_tuple(answer->status, py::bytes(answer->body), "", "");
  const Error& error = answer.error();
  return py::make_tuple(0, py::bytes(), kind_of(error.code), error.describe());
}

py::tuple send(const HttpCall& call) {
  const auto answer = [&] {
    const Unlocked unlocked;
    return call.send();
  }();
  return outcome_of(answer);
}

// What `sink` raises ends the call, and is raised again once it has ended.
py::tuple stream(const HttpCall& call, const py::function& sink) {
  std::exception_ptr raised;
  const auto on_event = [&](const http::SseEvent& event) {
    const py::gil_scoped_acquire locked;
    try {
      return py::cast<bool>(sink(py::bytes(event.event), py::bytes(event.data)));
    } catch (const std::exception&) {
      raised = std::current_exception();
      return false;
    }
  };
  const auto answer = [&] {
    const Unlocked unlocked;
    return call.stream(on_event);
  }();
  if (raised) std::rethrow_exception(raised);
  return outcome_of(answer);
}

}  // namespace

void bind_http_call(py::module_& module) {
  py::class_<HttpCall>(module, "HttpCall", "One HTTP request to be made: limits of 60 s and 16 MiB, no redirects.")
      .def(py::init(
               [](std::string method, std::string url, http::Headers headers, const py::bytes& body, double timeout) {
                 return std::make_unique<HttpCall>(std::move(method), std::move(url), std::move(headers),
                                                   static_cast<std::string>(body), timeout);
               }),
           py::arg("method"), py::arg("url"), py::arg("headers"), py::arg("body"), py::arg("timeout"))
      .def("send", &send,
           "Makes the request; blocks, without the GIL. Status, body, and of a failure its kind and cause.")
      .def("stream", &stream, py::arg("sink"),
           "The same, and gives each event of a stream to `sink` as it comes: its name and its data.")
      .def("cancel", &HttpCall::cancel, "Ends `send` or `stream`, from another thread.");
}

}  // namespace pais::bindings
