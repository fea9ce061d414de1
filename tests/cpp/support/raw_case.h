// Bytes that a stranger may send, and what must come of them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "support/test_server.h"

namespace pais::test {

struct RawCase {
  std::string name;
  std::vector<std::string> pieces;  // each is sent when the server has read the one before
  int status = 0;                   // 0: the connection ends without an answer
  std::optional<Code> code = {};    // of an answer that is an error
  bool closes = false;              // the server ends the connection; else the next request on it is answered
  Reading reading = Reading::answer;
};

inline RawCase fine(std::string name, std::string bytes) {
  return {.name = std::move(name), .pieces = {std::move(bytes)}, .status = 200};
}

// Answered with the error of `code`. What cannot be understood ends the connection, what is merely not there does not.
inline RawCase refused(std::string name, std::string bytes, Code code) {
  return {.name = std::move(name),
          .pieces = {std::move(bytes)},
          .status = facts(code).status,
          .code = code,
          .closes = true};
}
inline RawCase denied(std::string name, std::string bytes, Code code) {
  RawCase denial = refused(std::move(name), std::move(bytes), code);
  denial.closes = false;
  return denial;
}

// Plays each case on a connection of its own, and asks for `/health` on another one after it.
void play(TestServer& server, std::span<const RawCase> cases);

// That `answer` is an error in the shape of the contract, with the sentence of `code` and nothing else.
void expect_error(const RawAnswer& answer, Code code);

}  // namespace pais::test
