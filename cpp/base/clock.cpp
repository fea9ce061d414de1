#include "base/clock.h"

#include <cstdint>
#include <cstdio>

namespace pais {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::system_clock;

class SystemClock : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }
  system_clock::time_point wall() const override { return system_clock::now(); }
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes a text apart from the left. Once something did not fit, nothing does any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void need(std::string_view any_of) { ok_ = take(any_of) && ok_; }

  int number(std::size_t digits, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || !is_digit(rest_.front())) return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value < least || value > most ? fail() : value;
  }

  // ".5" is half a second; digits finer than a nanosecond are read and dropped.
  nanoseconds fraction() {
    std::int64_t value = 0;
    std::int64_t worth = 100'000'000;
    if (rest_.empty() || !is_digit(rest_.front())) fail();
    while (!rest_.empty() && is_digit(rest_.front())) {
      value += worth * (rest_.front() - '0');
      worth /= 10;
      rest_.remove_prefix(1);
    }
    return nanoseconds(value);
  }

  seconds offset() {
    if (take("Zz")) return seconds(0);
    const bool west = take("-");
    if (!west) need("+");
    seconds value = hours(number(2, 0, 23));
    if (!at_end()) {
      take(":");
      value += minutes(number(2, 0, 59));
    }
    return west ? -value : value;
  }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

std::string iso_time(system_clock::time_point time) {
  const auto exact = std::chrono::floor<microseconds>(time);
  const auto day = std::chrono::floor<days>(exact);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(exact - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06d+00:00", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<system_clock::time_point> read_iso_time(std::string_view text) {
  Reader in(text);
  // The years that the system clock's nanoseconds can count.
  const std::chrono::year year(in.number(4, 1678, 2261));
  in.need("-");
  const std::chrono::month month(static_cast<unsigned>(in.number(2, 1, 12)));
  in.need("-");
  const std::chrono::day day(static_cast<unsigned>(in.number(2, 1, 31)));
  in.need("Tt ");
  const hours hour(in.number(2, 0, 23));
  in.need(":");
  const minutes minute(in.number(2, 0, 59));
  in.need(":");
  const seconds second(in.number(2, 0, 60));
  const nanoseconds fraction = in.take(".,") ? in.fraction() : nanoseconds(0);
  const seconds offset = in.offset();

  const std::chrono::year_month_day date(year, month, day);
  if (!in.ok() || !in.at_end() || !date.ok()) return std::nullopt;
  return sys_days(date) + hour + minute + second + fraction - offset;
}

}  // namespace pais
