#include "gmock/gmock.h"

#include "heard.h"
#include "model/answer_builder.h"
#include "model/string_mode.h"

namespace pais::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<ToolOffer> kOffered = {{.name = "add"}, {.name = "now"}};

std::vector<std::string> in_words(const std::vector<TextCall>& calls) {
  std::vector<std::string> words;
  for (const TextCall& call : calls) words.push_back(call.name + call.arguments);
  return words;
}

std::vector<std::string> calls_in(std::string_view text) {
  return in_words(parse_tool_calls_from_text(text, kOffered));
}

TEST(CallsInText, AreReadFromAListOfCalls) {
  EXPECT_THAT(calls_in(R"({"tool_calls":[{"name":"add","arguments":{"a":1}},{"name":"now","arguments":{}}]})"),
              ElementsAre("add{\"a\":1}", "now{}"));
  EXPECT_THAT(calls_in(R"({"tool_calls":[{"name":"now"}]})"), ElementsAre("now{}"));
}

TEST(CallsInText, AreReadFromASingleObject) {
  EXPECT_THAT(calls_in("  {\"name\":\"add\",\"arguments\":{\"a\":1}}\n"), ElementsAre("add{\"a\":1}"));
  EXPECT_THAT(calls_in(R"({"name":"add"})"), IsEmpty());
  EXPECT_THAT(calls_in(R"({"arguments":{}})"), IsEmpty());
}

TEST(CallsInText, AreReadFromTheFirstFence) {
  EXPECT_THAT(calls_in("```json {\"name\":\"add\",\"arguments\":{}} ```"), ElementsAre("add{}"));
  EXPECT_THAT(calls_in("```\n{\"name\":\"add\",\"arguments\":{}}\n```"), ElementsAre("add{}"));
  EXPECT_THAT(calls_in("```json\n{\"name\":\"add\",\"arguments\":{}}\n```\nor\n```json\n{\"name\":\"now\","
                       "\"arguments\":{}}\n```"),
              ElementsAre("add{}"));
  EXPECT_THAT(calls_in("```json\n{\"name\":\"add\",\"arguments\":{}}"), ElementsAre("add{}"));
}

TEST(CallsInText, AreReadFromTheMiddleOfWords) {
  EXPECT_THAT(calls_in("I will add.\n{\"name\":\"add\",\"arguments\":{\"a\":1}}\nok"), ElementsAre("add{\"a\":1}"));
  EXPECT_THAT(calls_in("First {this}, then {\"name\":\"now\",\"arguments\":{}}"), ElementsAre("now{}"));
}

TEST(CallsInText, MayHaveTheirArgumentsAsJsonText) {
  EXPECT_THAT(calls_in(R"({"name":"add","arguments":"{\"a\":1}"})"), ElementsAre("add{\"a\":1}"));
  EXPECT_THAT(calls_in(R"({"name":"add","arguments":"one and two"})"), ElementsAre("add{}"));
  EXPECT_THAT(calls_in(R"({"name":"add","arguments":null})"), ElementsAre("add{}"));
}

TEST(CallsInText, AreNotInFinalTexts) {
  for (const char* text :
       {R"({"tool_calls":[]})", R"({"status":"ok"})", "[1,2]", "[]", "7", "\"add\"", "null",
        R"({"name":"add","arguments":{"a":1)", "", " \n", "{", "}{", "It is 3.", R"([{"name":"Ada"},{"name":"Bob"}])",
        R"({"name":"","arguments":{}})", R"({"name":7,"arguments":{}})", R"({"data":{"name":"add","arguments":{}}})"}) {
    EXPECT_THAT(calls_in(text), IsEmpty()) << text;
  }
}

TEST(CallsInText, AreReadFromSeveralObjects) {
  EXPECT_THAT(calls_in(R"({"name":"add","arguments":{"s":"}"}} {"name":"now","arguments":{}})"),
              ElementsAre("add{\"s\":\"}\"}", "now{}"));
  EXPECT_THAT(calls_in(R"(First {"name":"add","arguments":{}} and then {"name":"now","arguments":{}}.)"),
              ElementsAre("add{}", "now{}"));
}

TEST(CallsInText, AreReadFromABareArray) {
  EXPECT_THAT(calls_in(R"([{"name":"add","arguments":{}},{"name":"now","arguments":{}}])"),
              ElementsAre("add{}", "now{}"));
}

TEST(CallsInText, AreReadFromTags) {
  EXPECT_THAT(calls_in("<tool_call>\n{\"name\":\"add\",\"arguments\":{}}\n</tool_call>\n"
                       "<tool_call>{\"name\":\"now\",\"arguments\":{}}</tool_call>"),
              ElementsAre("add{}", "now{}"));
  EXPECT_THAT(calls_in("<tool_call>{\"name\":\"add\",\"arguments\":{}}"), ElementsAre("add{}"));
}

TEST(CallsInText, AreReadFromOtherShapes) {
  EXPECT_THAT(calls_in(R"({"tool_calls":[{"type":"function","function":{"name":"add","arguments":"{}"}}]})"),
              ElementsAre("add{}"));
  EXPECT_THAT(calls_in(R"({"function":{"name":"add","arguments":{}}})"), ElementsAre("add{}"));
  EXPECT_THAT(calls_in(R"({"function_call":{"name":"add","arguments":{"a":1}}})"), ElementsAre("add{\"a\":1}"));
  EXPECT_THAT(calls_in(R"({"name":"add","parameters":{"a":1}})"), ElementsAre("add{\"a\":1}"));
}

TEST(CallsInText, SkipItemsThatAreNoObjects) {
  EXPECT_THAT(calls_in(R"({"tool_calls":[5,"add",null,["x"],{"name":"add","arguments":{}}]})"), ElementsAre("add{}"));
}

TEST(CallsInText, MayNameAnythingWhenTheyAreTheWholeText) {
  EXPECT_THAT(calls_in(R"({"name":"fly","arguments":{}})"), ElementsAre("fly{}"));
  EXPECT_THAT(calls_in("```json\n{\"name\":\"fly\",\"arguments\":{}}\n```"), ElementsAre("fly{}"));
  EXPECT_THAT(calls_in("<tool_call>{\"name\":\"fly\",\"arguments\":{}}</tool_call>"), ElementsAre("fly{}"));
  EXPECT_THAT(calls_in(R"({"name":"fly","arguments":{}}{"name":"add","arguments":{}})"), ElementsAre("fly{}", "add{}"));
}

TEST(CallsInText, NameWhatWasOfferedWhenTheyAreAmongWords) {
  EXPECT_THAT(calls_in(R"(A person is {"name":"Ada","arguments":{}} in JSON.)"), IsEmpty());
  EXPECT_THAT(calls_in("Like so: ```json\n{\"name\":\"fly\",\"arguments\":{}}\n```"), IsEmpty());
  EXPECT_THAT(calls_in("Well <tool_call>{\"name\":\"fly\",\"arguments\":{}}</tool_call>"), IsEmpty());
  EXPECT_THAT(calls_in(R"(Do {"name":"fly","arguments":{}} and {"name":"add","arguments":{}})"), ElementsAre("add{}"));
}

TEST(CallsInText, MayNameAnythingWhenItIsNotKnownWhatWasOffered) {
  EXPECT_THAT(in_words(parse_tool_calls_from_text("ok {\"name\":\"fly\",\"arguments\":{}}")), ElementsAre("fly{}"));
}

TEST(CallsInText, AreSoughtInBoundedTimeWhateverTheText) {
  const std::size_t size = 1024 * 1024;
  std::string opening;
  std::string objects;
  std::string tags;
  while (opening.size() < size) opening += "{\"a\":[";
  while (objects.size() < size) objects += "x{\"\"";
  while (tags.size() < size) tags += "<tool_call>";

  EXPECT_THAT(calls_in(std::string(size, '{')), IsEmpty());
  EXPECT_THAT(calls_in(opening), IsEmpty());
  EXPECT_THAT(calls_in(objects), IsEmpty());
  EXPECT_THAT(calls_in(tags), IsEmpty());
}

Answer with_calls_read(std::string text, const Request& request) {
  Answer answer;
  answer.text = std::move(text);
  EXPECT_TRUE(read_calls_of_text(answer, request));
  return answer;
}

TEST(CallsOfAnAnswer, AreNumberedAcrossTheRun) {
  Request request = asking("?");
  request.tools = Offers(kOffered);
  request.messages.push_back({.role = Message::Role::assistant, .calls = {{"string_add_1", "add", "{}"}}});

  const Answer answer = with_calls_read(R"({"tool_calls":[{"name":"add"},{"name":"now"},{"name":"add"}]})", request);

  ASSERT_EQ(answer.calls.size(), 3U);
  EXPECT_EQ(answer.calls[0].id, "string_add_2");
  EXPECT_EQ(answer.calls[1].id, "string_now_1");
  EXPECT_EQ(answer.calls[2].id, "string_add_3");
  EXPECT_EQ(answer.text, "");
}

TEST(CallsOfAnAnswer, LeaveTheWordsThatWereSaidBefore) {
  Request request = asking("?");
  request.tools = Offers(kOffered);

  const Answer answer = with_calls_read(R"(Now: {"name":"now","arguments":{}})", request);

  EXPECT_EQ(answer.calls.size(), 1U);
  EXPECT_EQ(answer.text, R"(Now: {"name":"now","arguments":{}})");
}

TEST(CallsOfAnAnswer, AreLimited) {
  Answer answer;
  answer.text = R"({"tool_calls":[{"name":"add"})";
  for (std::size_t i = 0; i < kMaxCalls; ++i) answer.text += R"(,{"name":"add"})";
  answer.text += "]}";

  const auto read = read_calls_of_text(answer, asking("?"));

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::model_bad_response);
}

}  // namespace
}  // namespace pais::model
