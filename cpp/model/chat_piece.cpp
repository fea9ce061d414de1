#include "model/chat_piece.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "model/chat_field.h"
#include "model/json_writer.h"

namespace pais::model {
namespace {

using nlohmann::json;
using Field = ChatField;

// Where in the document the reader stands. What is in no place of these is `elsewhere` and skipped.
enum class Place {
  document,
  choices,
  choice,
  message,
  parts,
  part,
  calls,
  call,
  function,
  usage,
  usage_details,
  error,
  elsewhere
};

std::int64_t whole_number(double value) {
  constexpr double kLargest = 9e18;
  return static_cast<std::int64_t>(std::clamp(value, -kLargest, kLargest));
}

std::optional<int> http_status(std::int64_t code) {
  return code >= 400 && code < 600 ? std::optional(static_cast<int>(code)) : std::nullopt;
}

Error malformed(std::string cause) {
  return Error{.code = Code::malformed, .cause = std::move(cause)};
}

// Told by nlohmann's parser what stands in the text, one thing after the other. A `false` ends the parsing.
class PieceReader {
 public:
  explicit PieceReader(ChatPiece& piece) : piece_(piece) {}

  bool null() { return take_literal("null"); }
  bool boolean(bool value) { return take_literal(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return take_number(value, std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) {
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return take_number(static_cast<std::int64_t>(std::min(value, kLargest)), std::to_string(value));
  }
  bool number_float(double value, const std::string& text) { return take_number(whole_number(value), text); }
  bool binary(json::binary_t&) { return false; }

  bool string(std::string& value) {
    if (is_misfit(Shape::string)) return false;
    if (copying()) {
      copy_->string(value);
    } else {
      take_string(value);
    }
    return true;
  }

  bool key(std::string& name) {
    if (copying()) {
      copy_->key(name);
    } else {
      field_ = chat_field_named(name);
    }
    return true;
  }

  bool start_object(std::size_t) {
    if (depth_ == kMaxJsonDepth) return refuse_depth();
    if (is_misfit(Shape::object)) return false;
    if (begins_copy()) copy_->open('{');
    enter(object_inside());
    return true;
  }

  bool start_array(std::size_t) {
    if (depth_ == kMaxJsonDepth) return refuse_depth();
    if (is_misfit(Shape::array)) return false;
    if (begins_copy()) copy_->open('[');
    enter(array_inside());
    return true;
  }

  bool end_object() { return leave('}'); }
  bool end_array() { return leave(']'); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    error_position_ = position;
    return false;
  }

  Error why_not() const {
    if (misfit_ != nullptr) return malformed(misfit_);
    if (too_deep_) return malformed("JSON deeper than " + std::to_string(kMaxJsonDepth));
    return malformed("not JSON at byte " + std::to_string(error_position_));
  }

 private:
  enum class Shape { string, literal, object, array };

  // What is said has to be text (or parts of it), and calls have to be a list.
  bool is_misfit(Shape shape) {
    if (place() != Place::message || copying()) return false;
    if (field_ == Field::content && (shape == Shape::object || shape == Shape::literal)) {
      misfit_ = "a message whose content is no text";
    }
    if (field_ == Field::tool_calls && shape != Shape::array) misfit_ = "tool calls that are no list";
    return misfit_ != nullptr;
  }

  bool refuse_depth() {
    too_deep_ = true;
    return false;
  }

  Place place() const { return depth_ == 0 ? Place::elsewhere : places_[depth_ - 1]; }

  // Arguments given as an object are written down again as the text they should have been.
  bool at_arguments() const {
    return field_ == Field::arguments && (place() == Place::function || place() == Place::call);
  }
  bool copying() const { return copy_ && !copy_->whole(); }
  bool begins_copy() {
    if (copying()) return true;
    if (!at_arguments() || piece_.calls.empty()) return false;
    copy_.emplace(piece_.calls.back().arguments);
    return true;
  }

  Place object_inside() const {
    if (depth_ == 0) return Place::document;
    switch (place()) {
      case Place::document:
        if (field_ == Field::usage) return Place::usage;
        return field_ == Field::error ? Place::error : Place::elsewhere;
      case Place::choices:
        return piece_.has_choice ? Place::elsewhere : Place::choice;
      case Place::choice:
        return field_ == Field::message ? Place::message : Place::elsewhere;
      case Place::parts:
        return Place::part;
      case Place::calls:
        return Place::call;
      case Place::call:
        return field_ == Field::function ? Place::function : Place::elsewhere;
      case Place::usage:
        return field_ == Field::prompt_tokens_details ? Place::usage_details : Place::elsewhere;
      default:
        return Place::elsewhere;
    }
  }

  Place array_inside() const {
    if (place() == Place::document && field_ == Field::choices) return Place::choices;
    if (place() != Place::message) return Place::elsewhere;
    if (field_ == Field::content) return Place::parts;
    return field_ == Field::tool_calls ? Place::calls : Place::elsewhere;
  }

  void enter(Place inside) {
    places_[depth_++] = inside;
    field_ = Field::unknown;
    if (inside == Place::choice) begin_choice();
    if (inside == Place::message) has_message_ = true;
    if (inside == Place::call) piece_.calls.emplace_back();
    if (inside == Place::error) piece_.error.emplace();
    if (inside == Place::usage) piece_.usage.emplace();
    if (inside == Place::part) part_ = {};
  }

  bool leave(char bracket) {
    const Place left = place();
    --depth_;
    field_ = Field::unknown;
    if (copying()) copy_->close(bracket);
    if (left == Place::choice) end_choice();
    if (left == Place::part) end_part();
    return true;
  }

  void begin_choice() {
    index_.reset();
    reasoning_.clear();
    has_message_ = false;
    ++choices_;
  }

  void end_choice() {
    if (index_.value_or(choices_ == 1 ? 0 : -1) != 0) {
      piece_.text.clear();
      piece_.thinking.clear();
      piece_.calls.clear();
      piece_.finish_reason.clear();
      return;
    }
    piece_.has_choice = true;
    piece_.has_message = has_message_;
    if (piece_.thinking.empty()) piece_.thinking = reasoning_;
  }

  // Parts that are no text (images, audio) have nothing to say here.
  void end_part() {
    if (part_.type.empty() || part_.type == "text" || part_.type == "output_text") piece_.text += part_.text;
  }

  void take_string(const std::string& value) {
    switch (place()) {
      case Place::document:
        return take_in_document(value);
      case Place::choice:
        if (field_ == Field::finish_reason) piece_.finish_reason = value;
        return;
      case Place::message:
        return take_in_message(value);
      case Place::parts:
        piece_.text += value;
        return;
      case Place::part:
        if (field_ == Field::type) part_.type = value;
        if (field_ == Field::text) part_.text = value;
        return;
      case Place::call:
      case Place::function:
        return take_in_call(value);
      case Place::error:
        if (field_ == Field::message) piece_.error->message = value;
        return;
      default:
        return;
    }
  }

  void take_in_document(const std::string& value) {
    if (field_ == Field::id) piece_.id = value;
    if (field_ == Field::model) piece_.model = value;
    if (field_ == Field::error) piece_.error = ServerError{.message = value, .status = {}};
    if (field_ == Field::message) error_text_ = value;
    if (field_ == Field::object && value == "error") is_error_document_ = true;
    settle_error_document();
  }

  void take_in_message(const std::string& value) {
    if (field_ == Field::content || field_ == Field::refusal) piece_.text += value;
    if (field_ == Field::reasoning_content) piece_.thinking += value;
    if (field_ == Field::reasoning) reasoning_ += value;
  }

  void take_in_call(const std::string& value) {
    CallPiece& call = piece_.calls.back();
    if (field_ == Field::id && place() == Place::call) call.id = value;
    if (field_ == Field::name) call.name = value;
    if (field_ == Field::arguments) call.arguments += value;
  }

  // {"object":"error","message":…,"code":…}: an error that is the document itself, its members in any order.
  void settle_error_document() {
    if (is_error_document_) piece_.error = ServerError{.message = error_text_, .status = error_status_};
  }

  bool take_number(std::int64_t value, const std::string& text) {
    if (is_misfit(Shape::literal)) return false;
    if (copying()) {
      copy_->literal(text);
      return true;
    }
    switch (place()) {
      case Place::document:
        if (field_ == Field::code) error_status_ = http_status(value);
        settle_error_document();
        return true;
      case Place::choice:
        if (field_ == Field::index) index_ = value;
        return true;
      case Place::call:
        if (field_ == Field::index) piece_.calls.back().index = value;
        if (field_ == Field::id) piece_.calls.back().id = text;
        break;
      case Place::usage:
        take_usage(std::max<std::int64_t>(value, 0));
        return true;
      case Place::usage_details:
        if (field_ == Field::cached_tokens) piece_.usage->cached_tokens = std::max<std::int64_t>(value, 0);
        return true;
      case Place::error:
        if (field_ == Field::code) piece_.error->status = http_status(value);
        return true;
      default:
        break;
    }
    if (at_arguments()) piece_.calls.back().arguments += text;
    return true;
  }

  void take_usage(std::int64_t tokens) {
    if (field_ == Field::prompt_tokens) piece_.usage->input_tokens = tokens;
    if (field_ == Field::completion_tokens) piece_.usage->output_tokens = tokens;
  }

  bool take_literal(std::string_view text) {
    if (text != "null" && is_misfit(Shape::literal)) return false;
    if (copying()) {
      copy_->literal(text);
    } else if (at_arguments() && text != "null") {
      piece_.calls.back().arguments += text;
    }
    return true;
  }

  struct Part {
    std::string type;
    std::string text;
  };

  ChatPiece& piece_;
  std::array<Place, kMaxJsonDepth> places_{};
  std::size_t depth_ = 0;
  Field field_ = Field::unknown;

  std::optional<std::int64_t> index_;  // of the choice being read
  int choices_ = 0;
  bool has_message_ = false;  // the choice being read
  std::string reasoning_;
  Part part_;
  std::string error_text_;
  std::optional<int> error_status_;
  bool is_error_document_ = false;
  std::optional<JsonWriter> copy_;  // into the arguments of the last call
  std::size_t error_position_ = 0;
  bool too_deep_ = false;
  const char* misfit_ = nullptr;
};

}  // namespace

void ChatPiece::clear() {
  id.clear();
  model.clear();
  has_choice = has_message = false;
  text.clear();
  thinking.clear();
  calls.clear();
  finish_reason.clear();
  usage.reset();
  error.reset();
}

Result<void> read_chat_piece(std::string_view text, ChatPiece& piece) {
  piece.clear();
  // The parser takes a NUL for the end of the text and would never look at what follows.
  if (text.find('\0') != std::string_view::npos) return malformed("a NUL byte in JSON");
  PieceReader reader(piece);
  if (!json::sax_parse(text.begin(), text.end(), &reader)) return reader.why_not();
  const bool says_nothing = piece.error && piece.error->message.empty() && !piece.error->status;
  if (says_nothing && piece.has_choice) piece.error.reset();  // `"error": {}` beside an answer
  return {};
}

}  // namespace pais::model
