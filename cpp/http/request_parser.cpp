#include "http/request_parser.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/httplib_adapter.h"

namespace pais::http {

namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

// A request that is already in memory; what httplib would answer goes nowhere.
class TextStream : public HttplibStream {
 public:
  explicit TextStream(std::string text) : text_(std::move(text)) {}

  ssize_t read(char* ptr, size_t size) override {
    const std::size_t count = text_.copy(ptr, size, read_);
    read_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char*, size_t size) override { return static_cast<ssize_t>(size); }

 private:
  const std::string text_;
  std::size_t read_ = 0;
};

// What httplib 0.11 would read wrongly in a query is encoded before it sees it: a second '?' (it refuses the target)
// and a second '=' in a pair (it takes what stands behind the last one).
std::string with_plain_query(std::string_view target) {
  const std::size_t query = target.find('?') + 1;
  std::string text(target.substr(0, query));
  bool in_value = false;
  for (const char c : target.substr(query)) {
    if (c == '?') {
      text += "%3F";
    } else if (c == '=' && in_value) {
      text += "%3D";
    } else {
      text += c;
    }
    in_value = c == '=' || (in_value && c != '&');
  }
  return text;
}

}  // namespace

class RequestParser::Door : public httplib::Server {
 public:
  Door() {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      query_ = Query(request.params.begin(), request.params.end());
      response.status = 204;
      return HandlerResponse::Handled;
    });
  }

  // Nothing when httplib does not take the target.
  std::optional<Query> read_query(std::string_view target) {
    query_.reset();
    TextStream stream("GET " + with_plain_query(target) + " HTTP/1.1\r\nHost: pais\r\n\r\n");
    // Its type says whether this release takes such arguments: that is how the adapter chooses.
    const auto process = [this](auto&&... given) -> decltype(process_request(given...)) {
      return process_request(given...);
    };
    process_one_request(process, stream);
    return std::exchange(query_, std::nullopt);
  }

 private:
  std::optional<Query> query_;
};

RequestParser::RequestParser() : door_(std::make_unique<Door>()) {}
RequestParser::~RequestParser() = default;

Result<Request> RequestParser::parse(const Head& head) {
  Request request;
  request.method = head.method;
  request.path = head.path();
  for_each_field(head.fields,
                 [&](std::string_view name, std::string_view value) { request.headers.emplace_back(name, value); });
  if (request.path.size() == head.target.size()) return request;

  try {
    auto query = door_->read_query(head.target);
    if (!query) return Error{.code = Code::bad_request, .cause = "a query that httplib does not take"};
    request.query = *std::move(query);
    return request;
  } catch (const std::exception& failure) {
    return Error{.code = Code::bad_request, .cause = std::string("reading the query: ") + failure.what()};
  }
}

}  // namespace pais::http
