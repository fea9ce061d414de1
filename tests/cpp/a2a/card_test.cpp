#include "a2a/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "nlohmann/json.hpp"

#include "base/json.h"

namespace pais::a2a {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Card kMath{.name = "math",
                 .description = "Adds",
                 .url = "http://math:8000",
                 .version = "1.2.3",
                 .skills = {{.id = "add", .name = "add", .description = "Adds two integers"}}};

TEST(CardWriter, WritesTheKeysInTheOrderOfTheContract) {
  EXPECT_EQ(write_card(kMath),
            R"({"name":"math","description":"Adds","url":"http://math:8000","version":"1.2.3",)"
            R"("protocolVersion":"0.3.0","skills":[{"id":"add","name":"add","description":"Adds two integers",)"
            R"("tags":[],"inputModes":["application/json"],"outputModes":["application/json"]}],)"
            R"("capabilities":{"streaming":true,"pushNotifications":false,"stateTransitionHistory":false},)"
            R"("defaultInputModes":["application/json"],"defaultOutputModes":["application/json"]})");
}

TEST(CardWriter, WritesAListWhereThereAreNoSkills) {
  Card card = kMath;
  card.skills.clear();

  EXPECT_THAT(write_card(card), HasSubstr(R"("skills":[])"));
}

TEST(CardWriter, MendsTextThatIsNotUtf8) {
  Card card = kMath;
  card.skills[0].description = "broken \xff";

  EXPECT_TRUE(parse_json(write_card(card)));
}

TEST(CardWriter, TellsTheSameInSnakeCase) {
  const auto told = parse_json(write_configuration(kMath));

  ASSERT_TRUE(told);
  EXPECT_EQ((*told)["default_input_modes"][0], "text");
  EXPECT_EQ((*told)["skills"][0]["id"], "add");
  EXPECT_EQ((*told)["capabilities"]["push_notifications"], false);
}

TEST(CardReader, ReadsWhatIsWritten) {
  const auto card = read_card(write_card(kMath), "other");

  ASSERT_TRUE(card);
  EXPECT_EQ(card->name, "math");
  EXPECT_EQ(card->description, "Adds");
  EXPECT_EQ(card->version, "1.2.3");
  ASSERT_THAT(card->skills, SizeIs(1));
  EXPECT_EQ(card->skills[0].description, "Adds two integers");
}

TEST(CardReader, FillsInWhatAStrangerLeftOut) {
  const auto card = read_card("{}", "math");

  ASSERT_TRUE(card);
  EXPECT_EQ(card->name, "math");
  EXPECT_EQ(card->description, "");
  EXPECT_EQ(card->version, "unknown");
  EXPECT_THAT(card->skills, IsEmpty());
}

TEST(CardReader, PassesOverWhatIsOfAnotherShape) {
  const auto card = read_card(R"({"name":7,"description":null,"skills":[1,{},{"id":"a"},{"id":"b","name":"b"}]})", "x");

  ASSERT_TRUE(card);
  EXPECT_EQ(card->name, "x");
  ASSERT_THAT(card->skills, SizeIs(1));
  EXPECT_EQ(card->skills[0].id, "b");
}

TEST(CardReader, CutsTextNobodyWouldRead) {
  const std::string endless = "\"" + std::string(5000, 'x') + "ä\"";

  const auto card = read_card("{\"name\":" + endless + ",\"description\":" + endless + "}", "x");

  ASSERT_TRUE(card);
  EXPECT_THAT(card->name, SizeIs(256));
  EXPECT_THAT(card->description, SizeIs(4096));
}

TEST(CardReader, RefusesWhatIsNoObject) {
  for (const char* body : {"", "[]", "null", "<html>", "{\"name\":"}) {
    const auto card = read_card(body, "x");

    ASSERT_FALSE(card) << body;
    EXPECT_EQ(card.error().code, Code::malformed) << body;
  }
}

}  // namespace
}  // namespace pais::a2a
