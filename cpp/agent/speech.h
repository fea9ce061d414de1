// Speech decides when what the model says becomes an event of the run.
//
// Nobody can know whether text will be followed by a tool call. So it goes out as it comes, with a blank line between
// the texts of two answers; or, where the client wants nothing but the final answer, it is held back until the answer
// is whole and has no calls. A run that is not streamed says nothing: its answer stands in TurnEnded.
//
// Thinking always goes out. Belongs to one run; one thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "events/run.h"
#include "model/model.h"

namespace pais::agent {

class Speech final : public model::Deltas {
 public:
  enum class Pace { silent, as_it_comes, when_final };

  Speech(events::RunSink& sink, Pace pace) : sink_(sink), pace_(pace) {}

  void text(std::string_view piece) override;
  void thinking(std::string_view piece) override;

  // The answer is whole: whatever of it should go out and has not yet goes out now.
  void finish(const model::Answer& answer);

  // All text that went out, of all answers.
  const std::string& said() const { return said_; }

 private:
  void say(std::string_view piece);

  events::RunSink& sink_;
  const Pace pace_;
  std::string said_;
  std::size_t said_of_answer_ = 0;
  std::size_t thought_of_answer_ = 0;
};

}  // namespace pais::agent
