#include "memory/transcript.h"

#include <algorithm>
#include <unordered_set>

#include "memory/memory.h"

namespace pais::memory {

Unanswered unanswered_for(const TurnOpening& opening) {
  return opening.serial ? Unanswered::left_out : Unanswered::told;
}

void Transcript::add(Place place, const MemoryEvent& event, const EventAt& event_at) {
  const std::string& run_id = event.mark.run_id;
  if (event.type == EventType::error) {
    fail(place, run_id, event_at);
    return;
  }
  if (!is_prompt(event.type) && event.type != EventType::agent_response) return;
  if (is_prompt(event.type) && run_id.empty()) nameless_failed_ = false;
  if (has_failed(run_id, event_at)) return;
  said_.push_back(place);
}

void Transcript::fail(Place place, const std::string& run_id, const EventAt& event_at) {
  if (!run_id.empty()) {
    std::erase_if(said_, [&](Place said) { return event_at(said).mark.run_id == run_id; });
    failures_.push_back(place);
    return;
  }
  nameless_failed_ = true;
  bool reached_prompt = false;
  for (auto at = said_.end(); at != said_.begin() && !reached_prompt;) {
    --at;
    const MemoryEvent& event = event_at(*at);
    if (!event.mark.run_id.empty()) continue;
    reached_prompt = is_prompt(event.type);
    at = said_.erase(at);
  }
}

bool Transcript::has_failed(const std::string& run_id, const EventAt& event_at) const {
  if (run_id.empty()) return nameless_failed_;
  return std::any_of(failures_.rbegin(), failures_.rend(),
                     [&](Place failure) { return event_at(failure).mark.run_id == run_id; });
}

void Transcript::drop_before(Place first) {
  while (!said_.empty() && said_.front() < first) said_.pop_front();
  while (!failures_.empty() && failures_.front() < first) failures_.pop_front();
}

void Transcript::clear() {
  *this = Transcript();
}

std::vector<events::Utterance> Transcript::history(std::size_t limit, std::string_view except_run,
                                                   Unanswered unanswered, const EventAt& event_at) const {
  std::unordered_set<std::string_view> answered = {""};
  std::vector<const MemoryEvent*> newest_first;
  for (auto at = said_.rbegin(); at != said_.rend() && (limit == 0 || newest_first.size() < limit); ++at) {
    const MemoryEvent& event = event_at(*at);
    if (!except_run.empty() && event.mark.run_id == except_run) continue;
    if (!is_prompt(event.type)) answered.insert(event.mark.run_id);
    if (unanswered == Unanswered::left_out && !answered.contains(event.mark.run_id)) continue;
    newest_first.push_back(&event);
  }
  while (!newest_first.empty() && !is_prompt(newest_first.back()->type)) newest_first.pop_back();

  std::vector<events::Utterance> told;
  told.reserve(newest_first.size());
  for (auto at = newest_first.rbegin(); at != newest_first.rend(); ++at) {
    const auto speaker = is_prompt((*at)->type) ? events::Speaker::user : events::Speaker::assistant;
    told.push_back({.speaker = speaker, .text = (*at)->content.text});
  }
  return told;
}

std::vector<events::Utterance> history_of(std::span<const MemoryEvent> events, std::size_t limit,
                                          std::string_view except_run, Unanswered unanswered) {
  Transcript transcript;
  const auto event_at = [&](Transcript::Place place) -> const MemoryEvent& { return events[place]; };
  for (Transcript::Place place = 0; place < events.size(); ++place) transcript.add(place, events[place], event_at);
  return transcript.history(limit, except_run, unanswered, event_at);
}

}  // namespace pais::memory
