#include "base/error.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace pais {
namespace {

TEST(Error, EveryCodeStandsInTheTableAtItsOwnPlace) {
  int place = 0;
  for (const CodeFacts& row : all_codes()) EXPECT_EQ(static_cast<int>(row.code), place++) << row.name;
  EXPECT_EQ(place - 1, static_cast<int>(Code::internal)) << "the last code of the enum";
}

TEST(Error, EveryCodeHasAStatusATypeANameAndASentence) {
  for (const CodeFacts& row : all_codes()) {
    EXPECT_GE(row.status, 400) << row.name;
    EXPECT_LT(row.status, 600) << row.name;
    EXPECT_FALSE(row.type.empty()) << row.name;
    EXPECT_FALSE(row.name.empty());
    EXPECT_FALSE(row.sentence.empty()) << row.name;
  }
}

TEST(Error, TellsAClientTheFixedSentenceAndTheLogTheCause) {
  const Error error{.code = Code::model_unreachable, .cause = "connect 10.1.2.3:80: refused"};

  EXPECT_EQ(error.message(), "The model cannot be reached.");
  EXPECT_EQ(error.during("asking the model").describe(),
            "asking the model: connect 10.1.2.3:80: refused (model_unreachable)");
}

TEST(Error, NamesTheFieldAtFault) {
  const Error error{.code = Code::invalid_value, .cause = "", .param = "temperature"};

  EXPECT_EQ(error.message(), "The value of 'temperature' is not valid.");
}

TEST(Error, GathersWhatWasBeingDoneFromTheInsideOut) {
  const Error error = Error{.cause = "refused"}.during("connecting").during("asking the model");

  EXPECT_EQ(error.doing, "asking the model: connecting");
}

TEST(Result, HoldsEitherTheValueOrTheError) {
  const Result<int> good = 3;
  const Result<int> bad = Error{.code = Code::timed_out, .cause = "late"};

  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 3);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::timed_out);
}

}  // namespace
}  // namespace pais
