// What an HTTP answer that is no success means, and what of it goes into our log.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/client.h"

namespace pais::model {

Code code_of_status(int status);

// The error for an answer that is no success, with its status and `Retry-After`.
Error refused(const http::ClientResponse& response);

// The error for a call that brought no whole answer: what the HTTP client says, in our words.
Error failed(const Error& plumbing);

// The beginning of a text, for a log line.
std::string excerpt(std::string_view text);

// `text` with each `secret` masked: servers like to quote the key they refuse.
std::string without_secret(std::string text, std::string_view secret);

// 408, 409, 429 and what is the server's fault: the same request may fare better later.
bool is_worth_repeating(int status);

// The answer says that the server does not take `tools`: 400, 404 or 501, and the text names them.
bool refuses_tools(int status, std::string_view body);

}  // namespace pais::model
