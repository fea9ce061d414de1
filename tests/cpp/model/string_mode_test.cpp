#include "model/string_mode.h"

#include "gmock/gmock.h"

#include "heard.h"
#include "model/held_deltas.h"

namespace pais::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Role = Message::Role;

std::vector<std::string> in_lines(const std::vector<Message>& messages) {
  static constexpr const char* kRoles[] = {"system", "user", "assistant", "tool"};
  std::vector<std::string> lines;
  for (const Message& message : messages) {
    lines.push_back(std::string(kRoles[static_cast<int>(message.role)]) + ": " + message.text);
  }
  return lines;
}

TEST(ToolDescriptions, NameParametersInTheOrderOfTheSchema) {
  const std::vector<ToolOffer> tools = {
      {.name = "add", .description = "Add two numbers.", .parameters = R"({"type":"object","properties":{
        "b":{"type":"integer"},"a":{"type":["integer","null"],"description":"First"},
        "note":{"type":"string","description":"Why it is added"},"any":{}},"required":["b"]})"},
      {.name = "now", .parameters = R"({"type":"object","properties":{}})"}};

  EXPECT_EQ(build_tool_descriptions(tools),
            "- add: Add two numbers.\n"
            "  Parameters:\n"
            "    - b: integer (required)\n"
            "    - a: integer or null — First\n"
            "    - note: string — Why it is added\n"
            "    - any: any\n"
            "- now: No description");
}

TEST(ToolDescriptions, AreEmptyWithoutTools) {
  EXPECT_EQ(build_tool_descriptions({}), "");
}

TEST(ToolDescriptions, SurviveSchemasThatAreNone) {
  for (const char* schema : {"", "rubbish", "[]", R"({"properties":[]})", R"({"properties":{"a":5},"required":7})"}) {
    const std::vector<ToolOffer> tools = {{.name = "f", .description = "F.", .parameters = schema}};
    EXPECT_THAT(build_tool_descriptions(tools), testing::StartsWith("- f: F.")) << schema;
  }
}

TEST(ToolPrompt, TellsTheFormThenTheToolsThenTheRules) {
  const std::string prompt = tool_prompt("- add: Add.");

  const auto form = prompt.find(R"({"tool_calls": [{"name": "tool_name", "arguments": {"arg1": "value1"}}]})");
  const auto heading = prompt.find("Available tools:\n- add: Add.\n");
  ASSERT_NE(form, std::string::npos);
  ASSERT_NE(heading, std::string::npos);
  EXPECT_LT(form, heading);
  EXPECT_GT(prompt.find("whole answer"), heading);
}

TEST(StringModeMessages, JoinInstructionsAndPromptWithABlankLine) {
  const std::vector<Message> messages = {{.role = Role::system, .text = "Be kind."},
                                         {.role = Role::user, .text = "hi"}};

  EXPECT_THAT(in_lines(string_mode_messages(messages, "PROMPT")),
              ElementsAre("system: Be kind.\n\nPROMPT", "user: hi"));
  EXPECT_THAT(in_lines(string_mode_messages(messages, "")), ElementsAre("system: Be kind.", "user: hi"));
}

TEST(StringModeMessages, HaveASystemMessageOnlyWhenThereIsSomethingToSay) {
  const std::vector<Message> messages = {{.role = Role::user, .text = "hi"}};

  EXPECT_THAT(in_lines(string_mode_messages(messages, "PROMPT")), ElementsAre("system: PROMPT", "user: hi"));
  EXPECT_THAT(in_lines(string_mode_messages(messages, "")), ElementsAre("user: hi"));
  EXPECT_THAT(in_lines(string_mode_messages({{.role = Role::system, .text = ""}}, "")), IsEmpty());
}

TEST(StringModeMessages, PutCallsAndResultsIntoWords) {
  const std::vector<Message> messages = {
      {.role = Role::user, .text = "1+2?"},
      {.role = Role::assistant, .text = "I add.", .calls = {{"c1", "add", R"({"a":1})"}, {"c2", "no\"w", "rubbish"}}},
      {.role = Role::tool, .text = "3", .call_id = "c1", .tool = "add"},
      {.role = Role::tool, .text = "noon", .call_id = "c2", .tool = "now"}};

  const auto words = string_mode_messages(messages, "");

  EXPECT_THAT(in_lines(words), ElementsAre("user: 1+2?", "assistant: I add.",
                                           R"(assistant: {"tool_calls": [{"name": "add", "arguments": {"a":1}}]})",
                                           R"(assistant: {"tool_calls": [{"name": "no\"w", "arguments": {}}]})",
                                           "user: Tool result: 3", "user: Tool result: noon"));
  for (const Message& message : words) EXPECT_THAT(message.calls, IsEmpty());
}

TEST(StringModeMessages, KeepImages) {
  const auto words = string_mode_messages({{.role = Role::user, .text = "see", .images = {"data:,x"}}}, "");

  EXPECT_THAT(words[0].images, SizeIs(1));
}

std::vector<std::string> told(const std::vector<std::string>& pieces, bool released) {
  Heard heard;
  HeldDeltas held(heard);
  for (const std::string& piece : pieces) held.text(piece);
  if (released) held.release();
  return heard.texts;
}

TEST(HeldDeltas, LetWordsThroughAsTheyCome) {
  EXPECT_THAT(told({"It", " is", " {3}"}, false), ElementsAre("It", " is", " {3}"));
}

TEST(HeldDeltas, HoldWhatMayBeACallUntilItIsKnownToBeNone) {
  for (const char* beginning : {"{", "[", "<", "```", "`", "``", " \n {", ""}) {
    EXPECT_THAT(told({beginning}, false), IsEmpty()) << beginning;
  }
  EXPECT_THAT(told({" ", "{\"a\"", ": 1}"}, false), IsEmpty());
  EXPECT_THAT(told({" ", "{\"a\"", ": 1}"}, true), ElementsAre(" {\"a\": 1}"));
}

TEST(HeldDeltas, LetGoWhenMoreCharactersShowThatItIsNone) {
  EXPECT_THAT(told({" \n", "`", "x` is"}, false), ElementsAre(" \n`x` is"));
  EXPECT_THAT(told({"``", "`json"}, false), IsEmpty());
}

TEST(HeldDeltas, HaveNothingToReleaseWhenNothingWasSaid) {
  EXPECT_THAT(told({}, true), IsEmpty());
}

}  // namespace
}  // namespace pais::model
