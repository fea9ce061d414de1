#include "telemetry/http_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "http/url.h"
#include "told.h"

namespace pais::telemetry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kCaller = "b7ad6b7169203331";
const std::string kCallersTrace = "00-" + kTrace + "-" + kCaller + "-01";

class HttpSpansTest : public ::testing::Test {
 protected:
  RequestSpans request_spans(const std::vector<std::string>& excluded = {}) const { return {telemetry_, excluded}; }

  http::CallFollower::End call(const std::string& url, http::Headers& headers) {
    return calls_.follow({.method = "POST", .url = url}, *http::parse_url(url), headers);
  }

  const std::shared_ptr<Told> told_ = std::make_shared<Told>();
  const std::shared_ptr<const Telemetry> telemetry_ = std::make_shared<Telemetry>(Settings{}, told_);
  CallSpans calls_;
};

http::Request asked(http::Headers headers) {
  headers.emplace_back("Host", "agent.example:8080");
  http::Request request;
  request.method = "POST";
  request.path = "/v1/chat/completions";
  request.headers = std::move(headers);
  return request;
}

constexpr std::string_view kRoute = "/v1/chat/completions";

TEST_F(HttpSpansTest, TellOfARequestBelowItsCaller) {
  http::Request request = asked({{"TraceParent", kCallersTrace}, {"tracestate", "a=1"}});

  request_spans().follow(request, kRoute)({.method = "POST", .route = kRoute, .status = 200});

  const Span span = told_->span("POST /v1/chat/completions");
  EXPECT_EQ(span.kind, Span::Kind::server);
  EXPECT_EQ(hex(span.trace_id), kTrace);
  EXPECT_EQ(hex(span.parent_span_id), kCaller);
  EXPECT_EQ(span.trace_state, "a=1");
  EXPECT_EQ(span.status, Span::Status::unset);
  const Attributes expected = {{"http.request.method", "POST"},
                               {"url.path", "/v1/chat/completions"},
                               {"url.scheme", "http"},
                               {"http.route", "/v1/chat/completions"},
                               {"server.address", "agent.example"},
                               {"server.port", std::int64_t{8080}},
                               {"network.protocol.version", "1.1"},
                               {"http.response.status_code", std::int64_t{200}}};
  EXPECT_EQ(span.attributes, expected);
}

TEST_F(HttpSpansTest, AreWhoAllElseOfTheRequestHangsBelow) {
  http::Request request =
      asked({{"traceparent", kCallersTrace}, {"traceparent", kCallersTrace}, {"tracestate", "a=1"}});

  request_spans().follow(request, kRoute)({.status = 200});

  const TraceContext seen = read_trace_context(request.headers);
  const Span span = told_->span("POST /v1/chat/completions");
  EXPECT_EQ(seen.span_id, span.span_id);
  EXPECT_EQ(seen.trace_id, span.trace_id);
  EXPECT_EQ(span.parent_span_id, SpanId{}) << "two headers name no trace";
  EXPECT_EQ(http::find_header(request.headers, "tracestate"), "") << "of a trace that is not ours";
}

TEST_F(HttpSpansTest, AreNotToldOfATraceThatIsNotKept) {
  http::Request request = asked({{"traceparent", "00-" + kTrace + "-" + kCaller + "-00"}});

  EXPECT_FALSE(request_spans().follow(request, kRoute));

  const TraceContext seen = read_trace_context(request.headers);
  EXPECT_EQ(hex(seen.trace_id), kTrace);
  EXPECT_FALSE(seen.sampled());
  EXPECT_THAT(told_->spans(), IsEmpty());
}

TEST_F(HttpSpansTest, FailOnlyWhereTheServerDid) {
  RequestSpans spans = request_spans();
  http::Request first = asked({});
  http::Request second = asked({});
  http::Request third = asked({});

  spans.follow(first, "")({.status = 404, .code = Code::not_found});
  spans.follow(second, kRoute)({.status = 502, .code = Code::model_error});
  spans.follow(third, "/own")({.status = 503});

  EXPECT_EQ(told_->span("POST").status, Span::Status::unset);
  EXPECT_FALSE(attribute(told_->span("POST"), "error.type"));
  EXPECT_FALSE(attribute(told_->span("POST"), "http.route"));
  EXPECT_EQ(told_->span("POST /v1/chat/completions").status, Span::Status::error);
  EXPECT_EQ(text_of(told_->span("POST /v1/chat/completions"), "error.type"), facts(Code::model_error).name);
  EXPECT_EQ(text_of(told_->span("POST /own"), "error.type"), "503");
}

TEST_F(HttpSpansTest, NameNoMethodThatAStrangerInvented) {
  http::Request request = asked({});
  request.method = "EVIL";

  request_spans().follow(request, "")({.status = 405});

  const Span span = told_->span("HTTP");
  EXPECT_EQ(text_of(span, "http.request.method"), "_OTHER");
  EXPECT_EQ(text_of(span, "http.request.method_original"), "EVIL");
}

TEST_F(HttpSpansTest, LeaveOutWhatIsExcludedByPathOrByUrl) {
  const std::vector<std::vector<std::string>> ways = {
      {"other", "^/v1/chat"}, {"agent\\.example:8080/v1"}, {"comple.ions$"}, {"("}};
  std::vector<bool> followed;
  for (const auto& excluded : ways) {
    http::Request request = asked({});
    followed.push_back(static_cast<bool>(request_spans(excluded).follow(request, kRoute)));
    EXPECT_EQ(request.header("traceparent").empty(), !followed.back());
  }

  EXPECT_THAT(followed, ::testing::ElementsAre(false, false, false, true));
}

TEST_F(HttpSpansTest, TellOfACallAndGoOutWithIt) {
  calls_.tell_to(telemetry_);
  http::Headers headers = {{"traceparent", kCallersTrace}, {"tracestate", "a=1"}};

  call("https://user:secret@model.example/v1/chat?key=secret", headers)(http::ClientResponse{.status = 200});

  const Span span = told_->span("POST");
  EXPECT_EQ(span.kind, Span::Kind::client);
  EXPECT_EQ(hex(span.parent_span_id), kCaller);
  EXPECT_EQ(read_trace_context(headers).span_id, span.span_id);
  EXPECT_EQ(read_trace_context(headers).state, "a=1");
  const Attributes expected = {{"http.request.method", "POST"},     {"url.full", "https://model.example/v1/chat"},
                               {"server.address", "model.example"}, {"server.port", std::int64_t{443}},
                               {"network.protocol.version", "1.1"}, {"http.response.status_code", std::int64_t{200}}};
  EXPECT_EQ(span.attributes, expected);
}

TEST_F(HttpSpansTest, TellHowACallFailed) {
  calls_.tell_to(telemetry_);
  http::Headers refused;
  http::Headers lost;

  call("http://model.example/", refused)(http::ClientResponse{.status = 429});
  call("http://model.example/", lost)(Error{.code = Code::timed_out, .cause = "secret"});

  const auto spans = told_->spans();
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].status, Span::Status::error);
  EXPECT_EQ(text_of(spans[0], "error.type"), "429");
  EXPECT_EQ(spans[1].status, Span::Status::error);
  EXPECT_EQ(text_of(spans[1], "error.type"), facts(Code::timed_out).name);
  EXPECT_FALSE(attribute(spans[1], "http.response.status_code"));
  EXPECT_EQ(spans[1].status_message, "");
}

TEST_F(HttpSpansTest, FollowNoCallBeforeThereIsAnybodyToTell) {
  http::Headers headers = {{"traceparent", kCallersTrace}};

  EXPECT_FALSE(call("http://model.example/", headers));

  EXPECT_EQ(http::find_header(headers, "traceparent"), kCallersTrace);
}

}  // namespace
}  // namespace pais::telemetry
