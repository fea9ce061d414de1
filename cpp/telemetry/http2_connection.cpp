#include "telemetry/http2_connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "nghttp2/nghttp2.h"

namespace pais::telemetry {
namespace {

constexpr std::size_t kMostBody = 1024 * 1024;
constexpr std::size_t kMostFields = 64 * 1024;
constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kWriteSize = 128 * 1024;
constexpr std::size_t kFrameHead = 9;

Error malformed(int code) {
  return Error{.code = Code::malformed, .cause = std::string("HTTP/2: ") + nghttp2_strerror(code)};
}

Error broken(std::string cause) {
  return Error{.code = Code::unreachable, .cause = std::move(cause)};
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct Http2Connection::Exchange {
  std::span<const std::string_view> unsent;  // what is left of the request, the first of it from `sent` on
  std::size_t sent = 0;
  std::size_t unframed = 0;  // bytes that no frame has been made for
  std::int32_t stream = 0;
  Http2Answer answer = {};
  std::size_t field_bytes = 0;
  bool heard = false;     // a frame of an answer has come
  bool complete = false;  // the answer has ended as it should
  bool closed = false;
  bool too_large = false;
  std::uint32_t reason = NGHTTP2_NO_ERROR;

  bool is_over() const { return complete || closed || too_large; }
};

// What nghttp2 calls back; `user` is the Http2Connection.
struct Http2Connection::Callbacks {
  // The exchange under way, when that is what the frame is about.
  static Exchange* exchange_of(void* user, std::int32_t stream) {
    auto* const exchange = static_cast<Http2Connection*>(user)->exchange_;
    return exchange != nullptr && exchange->stream == stream ? exchange : nullptr;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    Exchange* const exchange = exchange_of(user, frame->hd.stream_id);
    if (exchange == nullptr) return 0;
    exchange->heard = true;
    exchange->field_bytes += name_size + value_size;
    if (exchange->field_bytes > kMostFields) {
      exchange->too_large = true;
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    const std::string_view key = text(name, name_size);
    const std::string_view said = text(value, value_size);
    if (key == ":status") std::from_chars(said.data(), said.data() + said.size(), exchange->answer.status);
    exchange->answer.fields.emplace_back(key, said);
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t size,
                     void* user) {
    Exchange* const exchange = exchange_of(user, stream);
    if (exchange == nullptr) return 0;
    if (exchange->answer.body.size() + size > kMostBody) {
      exchange->too_large = true;
    } else {
      exchange->answer.body += text(data, size);
    }
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<Http2Connection*>(user)->leaving_ = true;
    Exchange* const exchange = exchange_of(user, frame->hd.stream_id);
    if (exchange == nullptr || frame->hd.stream_id == 0) return 0;
    const bool carries_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_answer && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) exchange->complete = true;
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t reason, void* user) {
    Exchange* const exchange = exchange_of(user, stream);
    if (exchange == nullptr) return 0;
    exchange->closed = true;
    exchange->reason = reason;
    return 0;
  }

  // Says how much of the body the next frame holds; `send_body` then puts it among the frames, without a detour.
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                           nghttp2_data_source* source, void*) {
    auto& exchange = *static_cast<Exchange*>(source->ptr);
    const std::size_t some = std::min(size, exchange.unframed);
    exchange.unframed -= some;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (exchange.unframed == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(some);
  }

  static int send_body(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source* source, void* user) {
    std::string& frames = static_cast<Http2Connection*>(user)->frames_;
    frames += text(head, kFrameHead);
    auto& exchange = *static_cast<Exchange*>(source->ptr);
    while (size > 0) {
      const std::string_view piece = exchange.unsent.front().substr(exchange.sent, size);
      frames += piece;
      size -= piece.size();
      exchange.sent += piece.size();
      if (exchange.sent < exchange.unsent.front().size()) break;
      exchange.unsent = exchange.unsent.subspan(1);
      exchange.sent = 0;
    }
    return frames.size() < kWriteSize ? 0 : NGHTTP2_ERR_PAUSE;
  }
};

Http2Connection::Http2Connection(http::Connection connection) : connection_(std::move(connection)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return;
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::send_body);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const std::array settings = {nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  if (session_ != nullptr) nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
}

Http2Connection::~Http2Connection() {
  nghttp2_session_del(session_);
}

Result<Http2Answer> Http2Connection::post(const http::Headers& fields, std::span<const std::string_view> body,
                                          http::Deadline deadline, const std::stop_token& stop) {
  unheard_ = true;
  if (session_ == nullptr) return malformed(NGHTTP2_ERR_NOMEM);
  Exchange exchange{.unsent = body};
  for (const std::string_view piece : body) exchange.unframed += piece.size();
  std::vector<nghttp2_nv> head;
  for (const auto& [name, value] : fields) head.push_back(field(name, value));
  nghttp2_data_provider provider{};
  provider.source.ptr = &exchange;
  provider.read_callback = Callbacks::read_body;
  exchange.stream = nghttp2_submit_request(session_, nullptr, head.data(), head.size(), &provider, nullptr);
  if (exchange.stream < 0) return malformed(exchange.stream);

  exchange_ = &exchange;
  const auto ended = until_over(exchange, deadline, stop);
  exchange_ = nullptr;
  unheard_ = !exchange.heard && (!exchange.closed || exchange.reason == NGHTTP2_REFUSED_STREAM);
  if (exchange.too_large) return Error{.code = Code::too_large, .cause = "the answer is too large"};
  if (!ended) return ended.error();
  if (!exchange.complete) return broken(std::string("HTTP/2: ") + nghttp2_http2_strerror(exchange.reason));
  return std::move(exchange.answer);
}

Result<void> Http2Connection::until_over(Exchange& exchange, http::Deadline deadline, const std::stop_token& stop) {
  for (;;) {
    if (auto sent = send_pending(deadline, stop); !sent) return sent;
    if (exchange.is_over()) break;
    if (nghttp2_session_want_read(session_) == 0) return broken("the server ended the session");
    if (auto taken = take_in(deadline, stop); !taken) return taken;
  }
  if (exchange.closed) return {};
  // The answer is here before all of the request was wanted: the rest is called off.
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.stream, NGHTTP2_CANCEL);
  return send_pending(deadline, stop);
}

// nghttp2 gives a frame at a time, or puts it among the others itself; as many as there are go out together.
Result<void> Http2Connection::send_pending(http::Deadline deadline, const std::stop_token& stop) {
  for (;;) {
    frames_.clear();
    while (frames_.size() < kWriteSize) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) return malformed(static_cast<int>(size));
      if (size == 0) break;
      frames_ += text(bytes, static_cast<std::size_t>(size));
    }
    if (frames_.empty()) return {};
    const auto written = connection_.write(frames_, deadline, stop);
    if (!written) return written.error().during("sending");
  }
}

Result<void> Http2Connection::take_in(http::Deadline deadline, const std::stop_token& stop) {
  std::array<char, kReadSize> bytes;
  const auto size = connection_.read(bytes, deadline, stop);
  if (!size) return size.error().during("waiting for the answer");
  if (*size == 0) return broken("the server closed the connection");
  const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<std::uint8_t*>(bytes.data()), *size);
  if (taken < 0) return malformed(static_cast<int>(taken));
  return {};
}

bool Http2Connection::is_ready() {
  while (!leaving_ && !connection_.is_quiet()) {
    const auto now = std::chrono::steady_clock::now();
    if (!take_in(now, {}) || !send_pending(now, {})) return false;
  }
  return !leaving_;
}

}  // namespace pais::telemetry
